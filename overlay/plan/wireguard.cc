// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/wireguard.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "overlay/addr/mac.h"

namespace overlay::plan {
namespace {

/// A NAT forgets a silent UDP mapping after half a minute (RFC 4787, REQ-5 asks for two, and is not heeded).
constexpr std::uint16_t keepalive_seconds = 25;
/// A session is not used for longer (WireGuard paper, 6.1: Reject-After-Time).
constexpr std::int64_t session_seconds = 180;

/// Of private use (RFC 1918, 6598, 4193).
bool is_private(const Ip& address) {
  const auto within = [&address](std::uint32_t network, int length) {
    return Prefix::around(Ip::v4(network), length).contains(address);
  };
  if (address.is_v4()) {
    return within(0x0a000000, 8) || within(0xac100000, 12) || within(0xc0a80000, 16) ||
           within(0x64400000, 10);
  }
  return (static_cast<unsigned char>(address.bytes().front()) & 0xfe) == 0xfc;
}

/// Whether a NAT lies between: whoever is behind it must not fall silent.
bool must_keep_alive(const Intent& intent, const Peer& peer) {
  return is_private(intent.underlay.address) && !is_private(peer.underlay);
}

bool is_reached(const Intent& intent, const Peer& peer) {
  return peer.key && peer.underlay.family() == intent.underlay.address.family();
}

const Peer* relay_of(const Peer& peer, const std::vector<Peer>& peers) {
  if (peer.way.relay == 0) return nullptr;
  const auto relay = std::ranges::find(peers, peer.way.relay, &Peer::index);
  return relay != peers.end() ? &*relay : nullptr;
}

WireguardPeer without_blocks(const Intent& intent, const Peer& peer) {
  return {.public_key = peer.key->public_key,
          .preshared = peer.key->preshared,
          .endpoint = {peer.underlay, peer.key->port},
          .allowed = {Prefix::host(tunnel_address(peer.id))},
          .keepalive = must_keep_alive(intent, peer) ? keepalive_seconds : std::uint16_t{0}};
}

template <class T>
std::optional<T> if_changed(const T& value, const T* before) {
  if (before != nullptr && *before == value) return std::nullopt;
  return value;
}

/// What `a` has and `b` has not; both sorted.
std::vector<Prefix> without(const std::vector<Prefix>& a, const std::vector<Prefix>& b) {
  std::vector<Prefix> out;
  std::ranges::set_difference(a, b, std::back_inserter(out));
  return out;
}

std::vector<Prefix> allowed_before(const Operation& operation) {
  const auto* before = operation.before ? std::get_if<WireguardPeer>(&*operation.before) : nullptr;
  return before != nullptr ? before->allowed : std::vector<Prefix>();
}

/// To be replaced, a peer's prefixes are taken away for a moment; one that another is given goes by itself.
WireguardUpdate update_of(const WireguardPeer& peer, const WireguardPeer* before,
                          const std::vector<Prefix>& given) {
  WireguardUpdate out{.public_key = peer.public_key};
  out.preshared = if_changed(peer.preshared, before != nullptr ? &before->preshared : nullptr);
  out.endpoint = if_changed(peer.endpoint, before != nullptr ? &before->endpoint : nullptr);
  out.keepalive = if_changed(peer.keepalive, before != nullptr ? &before->keepalive : nullptr);
  out.replace_allowed = before == nullptr || !without(without(before->allowed, peer.allowed), given).empty();
  out.allowed = out.replace_allowed ? peer.allowed : without(peer.allowed, before->allowed);
  return out;
}

}  // namespace

std::optional<WireguardKey> preshared_key(const WireguardKey& mine, const std::vector<PairRoot>& roots,
                                          const WireguardKey& theirs,
                                          const std::vector<std::uint64_t>& their_secrets) {
  if (roots.empty() && their_secrets.empty()) return WireguardKey();
  const auto root = [&roots](std::uint64_t id) { return std::ranges::find(roots, id, &PairRoot::id); };
  auto chosen = roots.end();
  if (mine < theirs) {
    chosen = std::ranges::find_if(
        roots, [&](const PairRoot& each) { return std::ranges::count(their_secrets, each.id) != 0; });
  } else {
    const auto id =
        std::ranges::find_if(their_secrets, [&](std::uint64_t each) { return root(each) != roots.end(); });
    if (id != their_secrets.end()) chosen = root(*id);
  }
  if (chosen == roots.end()) return std::nullopt;
  const auto& [low, high] = std::minmax(mine, theirs);
  return WireguardKey{
      sha256("overlay wireguard pair v1" + chosen->root.str() + low.str() + high.str()).bytes};
}

std::vector<WireguardPeer> wireguard_peers(const Intent& intent, const std::vector<Peer>& peers) {
  std::map<NodeId, WireguardPeer> out;
  std::set<Prefix> taken(intent.blocks.begin(), intent.blocks.end());
  for (const Peer& peer : peers) {
    if (is_reached(intent, peer)) out.emplace(peer.id, without_blocks(intent, peer));
  }
  for (const Peer& peer : peers) {
    if (!is_reached(intent, peer)) continue;
    const Peer* relay = relay_of(peer, peers);
    const auto by_relay = relay != nullptr ? out.find(relay->id) : out.end();
    WireguardPeer& way = by_relay != out.end() ? by_relay->second : out.at(peer.id);
    for (const Prefix& block : peer.blocks) {
      if (taken.insert(block).second) way.allowed.push_back(block);
    }
  }
  std::vector<WireguardPeer> all;
  for (auto& [id, peer] : out) {
    std::ranges::sort(peer.allowed);
    all.push_back(std::move(peer));
  }
  return all;
}

WireguardChange change_of(std::span<const Operation> operations) {
  std::vector<Prefix> given;
  for (const Operation& operation : operations) {
    if (operation.verb == Operation::Verb::remove) continue;
    const auto gained = without(std::get<WireguardPeer>(operation.object).allowed, allowed_before(operation));
    given.insert(given.end(), gained.begin(), gained.end());
  }
  std::ranges::sort(given);
  WireguardChange out;
  for (const Operation& operation : operations) {
    const auto& peer = std::get<WireguardPeer>(operation.object);
    if (operation.verb == Operation::Verb::remove) {
      out.peers.push_back({.public_key = peer.public_key, .remove = true});
    } else {
      const auto* before = operation.before ? std::get_if<WireguardPeer>(&*operation.before) : nullptr;
      out.peers.push_back(update_of(peer, before, given));
    }
  }
  return out;
}

std::vector<WireguardPeer> peers_of(const WireguardState& state, const std::vector<WireguardPeer>& wanted,
                                    std::int64_t now) {
  std::vector<WireguardPeer> out;
  for (const auto& [seen, handshake] : state.peers) {
    WireguardPeer& peer = out.emplace_back(seen);
    std::ranges::sort(peer.allowed);
    const auto same = std::ranges::lower_bound(wanted, peer.public_key, {}, &WireguardPeer::public_key);
    const bool known = same != wanted.end() && same->public_key == peer.public_key;
    if (known && now - handshake < session_seconds) peer.endpoint = same->endpoint;
  }
  std::ranges::sort(out, {}, &WireguardPeer::public_key);
  return out;
}

}  // namespace overlay::plan
