// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/hostile.h"

#include <algorithm>
#include <array>

namespace overlay::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, Hostile::lies> lie_names = {
    "stolen-key",     "forged-signature", "foreign-seat", "whole-pool",    "second-genesis",
    "too-long",       "absurd-epoch",     "many-links",   "contradiction", "stale",
    "strange-digest", "flipped-bit",      "cut-short",    "rubbish"};

/// Follows the lie on the same session: whoever answers has kept it.
constexpr std::uint64_t question = 0x6c69657321;
constexpr std::size_t most_heard = 256;

}  // namespace

std::string_view name(Hostile::Lie lie) { return lie_names[static_cast<std::size_t>(lie)]; }

Hostile::Hostile(HostIndex index, EventQueue& queue, Network& network, Log& log, Verdict& verdict, Rng rng)
    : index_(index), queue_(queue), network_(network), log_(log), verdict_(verdict), rng_(rng) {
  self_.identity = KeyPair::from_seed(rng_.bytes<SecretSeed>());
  self_.id = self_.identity.node_id();
  self_.name = host_name(index);
  self_.version = "hostile";
  self_.incarnation = 1;
}

void Hostile::attack(HostIndex target, Lie lie) {
  const mesh::SessionId session = ++last_session_;
  calls_[session] = {target, lie, {}};
  network_.dial(index_, session, {host_name(target), mesh_port});
}

void Hostile::show(HostIndex target, Bytes envelope) {
  attack(target, Lie::stale);
  calls_.at(last_session_).shown = std::move(envelope);
}

void Hostile::leave(HostIndex target) {
  std::erase_if(calls_, [&](const auto& call) {
    if (call.second.target == target) network_.close(index_, call.first);
    return call.second.target == target;
  });
}

void Hostile::received(mesh::SessionId session, std::string_view frame) {
  const auto call = calls_.find(session);
  if (call == calls_.end()) return;
  const auto message = wire::decode(frame);
  if (!message) return verdict_.fail("bad input: an honest machine sent " + message.error().text);
  if (const auto* hello = std::get_if<wire::Hello>(&*message)) {
    hear_hello(session, call->second, frame, *hello);
  } else {
    hear(session, *message);
  }
}

/// Waits for the peer's hello, to learn from it which cluster to claim.
void Hostile::hear_hello(mesh::SessionId session, Call& call, std::string_view frame,
                         const wire::Hello& peer) {
  if (peer.cluster.is_zero()) return;  // nothing to gain here yet
  if (std::find(members_.begin(), members_.end(), peer.public_key) == members_.end())
    members_.push_back(peer.public_key);
  self_.cluster = peer.cluster;
  self_.pools = peer.pools;
  wire::Hello mine = mesh::make_hello(self_, rng_.bytes<Nonce>());
  if (call.lie == Lie::stolen_key) mine.public_key = members_[rng_.below(members_.size())];
  call.hello = wire::encode(mine);
  network_.send(index_, session, call.hello);
  send(session, mesh::make_proof(self_.identity, true, {call.hello, frame, {}}));
  if (call.lie == Lie::stolen_key) return tell(session);
  // Asks for all there is, and lies when some of it has come.
  send(session, wire::Digest256{std::vector<std::uint64_t>(wire::digest_buckets)});
  queue_.after(rng_.between(milliseconds(200), milliseconds(900)), [this, session] { tell(session); });
}

void Hostile::hear(mesh::SessionId session, const wire::Message& message) {
  if (const auto* ping = std::get_if<wire::Ping>(&message)) {
    send(session, wire::Pong{ping->stamp});
  } else if (const auto* entries = std::get_if<wire::DigestEntries>(&message)) {
    wire::Want want;
    for (const auto& entry : entries->entries) want.keys.push_back(entry.key);
    send(session, want);
  } else if (const auto* records = std::get_if<wire::Records>(&message)) {
    for (const auto& envelope : records->envelopes) {
      if (heard_.size() < most_heard) heard_.push_back(envelope);
    }
  } else if (const auto* pong = std::get_if<wire::Pong>(&message)) {
    const Call& call = calls_.at(session);
    if (pong->stamp == question && call.lie <= last_proof) {
      verdict_.fail("bad input: " + host_name(call.target) + " kept the session on which it was told a " +
                    std::string(name(call.lie)));
    }
  }
}

void Hostile::tell(mesh::SessionId session) {
  const auto call = calls_.find(session);
  if (call == calls_.end() || std::exchange(call->second.told, true)) return;
  log_.add(queue_.time(), index_, "lie",
           std::string(name(call->second.lie)) + " to " + host_name(call->second.target));
  ++told_;
  const Bytes& shown = call->second.shown;
  if (!shown.empty()) return send(session, wire::Records{{shown}});
  for (const auto& frame : words(call->second.lie)) network_.send(index_, session, frame);
  send(session, wire::Ping{question});
}

void Hostile::send(mesh::SessionId session, const wire::Message& message) {
  network_.send(index_, session, wire::encode(message));
}

/// A grant by our own hand, of `prefix` to ourselves.
Bytes Hostile::claim(std::uint64_t term, const Prefix& prefix) {
  ipam::BlockRecord block;
  block.prefix = prefix;
  block.epoch = {term, std::uint64_t{1} << (20 + rng_.below(20))};
  block.owner = self_.id;
  block.request = rng_.bytes<RequestId>();
  return wire::seal(block, {}, self_.identity, self_.cluster).envelope;
}

Bytes Hostile::damaged(Bytes envelope) {
  const auto at = rng_.below(envelope.size());
  envelope[at] = static_cast<char>(envelope[at] ^ (1 << rng_.below(8)));
  return envelope;
}

wire::DigestEntries Hostile::strange_entries() {
  wire::DigestEntries out;
  for (int i = 0; i < 100; ++i) {
    const auto node = rng_.bytes<NodeId>();
    out.entries.push_back({wire::hash_of(rng_.one_in(2) ? wire::node_key(node) : wire::links_key(node)),
                           {~std::uint64_t{0}, ~std::uint64_t{0}},
                           rng_.next()});
  }
  return out;
}

std::vector<Bytes> Hostile::words(Lie lie) {
  const auto record = [&](const wire::RecordBody& body, wire::RecordVersion version) {
    return wire::seal(body, version, self_.identity, self_.cluster).envelope;
  };
  const auto saying = [](Bytes envelope) {
    return std::vector<Bytes>{wire::encode(wire::Records{{std::move(envelope)}})};
  };
  const Prefix pool = self_.pools[rng_.below(self_.pools.size())];
  const Prefix part = pool.nth(pool.length() + 12, rng_.below(4096));
  const auto any_heard = [&] { return heard_.empty() ? claim(0, part) : heard_[rng_.below(heard_.size())]; };
  wire::LinkSet links;
  for (const auto& member : members_) links.peers.push_back(wire::handle_of(hash_id<NodeId>(member.view())));
  std::sort(links.peers.begin(), links.peers.end());
  wire::NodeInfo liar;
  liar.name = self_.name;
  liar.underlay = {network_.address(index_)};
  liar.vtep_mac = vtep_mac(self_.id);
  switch (lie) {
    case Lie::stolen_key:
      return {};  // it was the hello
    case Lie::forged_signature: {
      Bytes envelope = record(liar, {told_, 0});
      envelope.back() = static_cast<char>(envelope.back() ^ 1);
      return saying(std::move(envelope));
    }
    case Lie::foreign_seat:
      return saying(claim(0, part));
    case Lie::whole_pool:
      return saying(claim(0, pool));
    case Lie::second_genesis: {
      consensus::Genesis genesis;
      genesis.pools = self_.pools;
      genesis.voters = {self_.identity.public_key};
      genesis.nonce = rng_.bytes<Nonce>();
      return saying(wire::seal(genesis, {}, self_.identity, ClusterId{}).envelope);
    }
    case Lie::too_long:
      return {Bytes(mesh::max_frame_bytes + 1, 'x')};
    case Lie::absurd_epoch:
      return saying(claim(~std::uint64_t{0} >> rng_.below(60), part));
    case Lie::many_links:
      return saying(record(links, {told_, 0}));
    case Lie::contradiction:
      return {wire::encode(wire::Records{{record(links, {told_, 1}), record(wire::LinkSet{}, {told_, 1})}})};
    case Lie::stale:
      return saying(any_heard());
    case Lie::strange_digest: {
      const auto entries = strange_entries();
      wire::Want want;
      for (const auto& entry : entries.entries) want.keys.push_back(entry.key);
      return {wire::encode(entries), wire::encode(want)};
    }
    case Lie::flipped_bit:
      return saying(damaged(any_heard()));
    case Lie::cut_short: {
      const Bytes frame = saying(any_heard()).front();
      return {frame.substr(0, rng_.below(frame.size()))};
    }
    case Lie::rubbish: {
      Bytes frame;
      for (auto left = 1 + rng_.below(200); left > 0; --left) frame.push_back(static_cast<char>(rng_.next()));
      return {frame};
    }
  }
  return {};
}

}  // namespace overlay::sim
