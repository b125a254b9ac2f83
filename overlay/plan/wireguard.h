// SPDX-License-Identifier: Apache-2.0
// Encryption between hosts: which keys two of them use, what WireGuard is to hold of each peer, and what to
// tell it when that changes. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "overlay/plan/diff.h"
#include "overlay/plan/intent.h"

namespace overlay::plan {

/// What a cluster secret gives to encryption; it tells nothing about the secret.
struct PairRoot {
  std::uint64_t id = 0;  // of the secret, as its holders say it to each other
  Digest root;

  friend bool operator==(const PairRoot&, const PairRoot&) = default;
};

/// The preshared key of two nodes by their public keys: zero where neither has a secret, none where they hold
/// none in common. Of several the node with the smaller key chooses, so that both come to the same, and a
/// cluster changes its secret as the sessions of its mesh do: accepted by all, then made the first, then
/// alone.
std::optional<WireguardKey> preshared_key(const WireguardKey& mine, const std::vector<PairRoot>& roots,
                                          const WireguardKey& theirs,
                                          const std::vector<std::uint64_t>& their_secrets);

/// What overlay.wg holds of these peers. A block is allowed to its owner, or to the relay by which it is
/// reached and heard; a node's tunnel address always to itself, so probes go straight.
std::vector<WireguardPeer> wireguard_peers(const Intent& intent, const std::vector<Peer>& peers);

/// What is said about one peer: no more than what differs, so that nothing else of it is disturbed.
struct WireguardUpdate {
  WireguardKey public_key;
  bool remove = false;
  std::optional<WireguardKey> preshared = {};
  std::optional<Endpoint> endpoint = {};
  std::optional<std::uint16_t> keepalive = {};
  bool replace_allowed = false;      // by the following; else they are added
  std::vector<Prefix> allowed = {};  // each is taken from whoever has it

  friend bool operator==(const WireguardUpdate&, const WireguardUpdate&) = default;
};

struct WireguardChange {
  std::optional<WireguardKey> secret = {};
  std::optional<std::uint16_t> port = {};
  std::vector<WireguardUpdate> peers = {};
};

/// Of operations on peers alone.
WireguardChange change_of(std::span<const Operation> operations);

/// What a WireGuard device says of itself.
struct WireguardState {
  struct Seen {
    WireguardPeer peer;
    std::int64_t handshake = 0;  // seconds since the epoch; 0: never
  };
  WireguardKey secret;
  std::uint16_t port = 0;
  std::vector<Seen> peers;
};

/// Its peers, sorted, as `wanted` are. One that answers, `now`, from elsewhere than `wanted` says has moved,
/// or is behind a NAT: where it is then is as good as what is wanted.
std::vector<WireguardPeer> peers_of(const WireguardState& state, const std::vector<WireguardPeer>& wanted,
                                    std::int64_t now);

}  // namespace overlay::plan
