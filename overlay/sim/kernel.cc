// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/kernel.h"

#include <algorithm>

#include "overlay/plan/firewall.h"

namespace overlay::sim {
namespace {

plan::FoundWay found(const plan::Way& way, const plan::Intent& intent) {
  plan::FoundWay out{.relay = {}, .direct = way.direct, .mtu = way.mtu};
  const auto relay = std::ranges::find(intent.peers, way.relay, &plan::Peer::index);
  if (way.relay != 0 && relay != intent.peers.end()) out.relay = relay->vtep_mac;
  return out;
}

}  // namespace

Kernel::Routes Kernel::reconcile(const plan::Intent& intent) {
  Kernel wanted;
  for (const auto& peer : intent.peers) {
    for (const auto& block : peer.blocks) wanted.routes_[block] = {peer.id, peer.underlay};
    wanted.ways_[peer.vtep_mac] = found(peer.way, intent);
    wanted.fdb_[peer.vtep_mac] = peer.underlay;
    plan::for_each_address(peer, [&](const Ip& address) { wanted.members_.insert(address); });
  }
  wanted.own_.insert(intent.host_addresses.begin(), intent.host_addresses.end());
  wanted.cluster_ = intent.cluster;
  Routes before = routes_;
  if (intent.keep_unknown) {  // what is wanted stays as wanted
    wanted.routes_.merge(routes_);
    wanted.ways_.merge(ways_);
    wanted.fdb_.merge(fdb_);
    wanted.members_.merge(members_);
  }
  *this = std::move(wanted);
  std::erase_if(before, [&](const auto& entry) {
    const auto now = routes_.find(entry.first);
    return now != routes_.end() && now->second.owner == entry.second.owner;
  });
  return before;
}

std::map<Mac, plan::FoundWay> Kernel::ways() const {
  std::map<Mac, plan::FoundWay> out = ways_;
  std::erase_if(out, [](const auto& entry) { return entry.second == plan::FoundWay(); });
  return out;
}

std::optional<Kernel::Hop> Kernel::next(const Ip& to) const {
  const auto route =
      std::ranges::find_if(routes_, [&to](const auto& entry) { return entry.first.contains(to); });
  if (holds(to) || route == routes_.end()) return std::nullopt;
  Hop out{.vtep = vtep_mac(route->second.owner), .underlay = route->second.underlay};
  const auto way = ways_.find(out.vtep);
  if (way == ways_.end()) return out;
  out.direct = way->second.direct;
  out.mtu = way->second.mtu;
  if (!way->second.relay) return out;
  out.vtep = *way->second.relay;
  const auto there = remote(out.vtep);
  if (!there) return std::nullopt;
  out.underlay = *there;
  return out;
}

std::optional<Ip> Kernel::remote(const Mac& vtep) const {
  const auto entry = fdb_.find(vtep);
  if (entry == fdb_.end()) return std::nullopt;
  return entry->second;
}

std::optional<Ip> Kernel::host_address() const {
  if (own_.empty()) return std::nullopt;
  return *own_.begin();
}

}  // namespace overlay::sim
