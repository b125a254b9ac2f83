// SPDX-License-Identifier: Apache-2.0
// Intents for tests: one that is easy to follow, and random ones that are always consistent.
#pragma once

#include <algorithm>

#include "overlay/base/crypto.h"
#include "overlay/base/rng.h"
#include "overlay/plan/intent.h"

namespace overlay::plan {

inline Ip ip(std::string_view text) { return Ip::parse(text).value(); }
inline Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

inline NodeId node_id(std::uint8_t number) {
  NodeId id;
  id.bytes.back() = number;
  return id;
}

/// Host `index` at 192.0.2.INDEX owns 10.32.INDEX.0/24 and fd32:0:0:INDEX::/64.
inline Peer example_peer(std::uint32_t index) {
  const std::string n = std::to_string(index);
  const NodeId id = node_id(static_cast<std::uint8_t>(index));
  return {.index = index,
          .id = id,
          .vtep_mac = vtep_mac(id),
          .underlay = ip("192.0.2." + n),
          .blocks = {prefix("10.32." + n + ".0/24"), prefix("fd32:0:0:" + n + "::/64")}};
}

/// Host `self` (as above) with the peers 1..hosts, both families, and one pod of each.
inline Intent example_intent(std::uint32_t self = 1, std::uint32_t hosts = 3) {
  const Peer me = example_peer(self);
  Intent out;
  out.node = me.id;
  out.cluster = hash_id<ClusterId>("example");
  out.vni = vni_of(out.cluster);
  out.underlay = {me.underlay, 1500, 7, Prefix::around(me.underlay, 24)};
  out.mtu = 1450;
  out.pools = {prefix("10.32.0.0/12"), prefix("fd32::/48")};
  out.blocks = me.blocks;
  for (const Prefix& block : me.blocks) {
    out.host_addresses.push_back(block.address());
    out.pods.push_back({block.address().plus(1), pod_mac(block.address().plus(1))});
  }
  for (std::uint32_t i = 1; i <= hosts; ++i) {
    if (i != self) out.peers.push_back(example_peer(i));
  }
  out.keep_unknown = false;
  return out;
}

/// A variation of example_intent(1, …), any part of it missing or otherwise.
inline Intent random_intent(Rng& rng) {
  Intent out = example_intent(1, 2 + static_cast<std::uint32_t>(rng.below(12)));
  std::erase_if(out.peers, [&rng](const Peer&) { return rng.one_in(3); });
  std::erase_if(out.pods, [&rng](const Pod&) { return rng.one_in(3); });
  std::erase_if(out.host_addresses, [&rng](const Ip&) { return rng.one_in(4); });
  for (Peer& peer : out.peers) {
    if (rng.one_in(4)) peer.underlay = peer.underlay.plus(100);
    if (rng.one_in(4)) peer.vtep_mac = vtep_mac(rng.bytes<NodeId>());
    if (rng.one_in(4)) peer.blocks.pop_back();
    if (rng.one_in(8)) std::swap(peer.blocks, out.peers.front().blocks);
    if (rng.one_in(6)) peer.way.relay = out.peers.front().index;
    if (rng.one_in(4)) peer.way.direct = true;
    if (rng.one_in(6)) peer.way.mtu = 1300;
  }
  if (rng.one_in(4)) out.vni += 1;
  if (rng.one_in(4)) out.vxlan_port = 8472;
  if (rng.one_in(4)) out.mtu = 1400;
  if (rng.one_in(4)) out.node = node_id(77);
  if (rng.one_in(4)) out.underlay.address = out.underlay.address.plus(50);
  if (rng.one_in(6)) std::erase_if(out.pools, [](const Prefix& pool) { return pool.family() == Family::v6; });
  return out;
}

}  // namespace overlay::plan
