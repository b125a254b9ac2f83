// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "overlay/node/impl.h"

namespace overlay::node {
namespace {

/// The host holds the first address of its home block of each family, which come first, and what it is
/// exposed as.
std::vector<Ip> host_addresses(const Context& context) {
  std::vector<Ip> out;
  for (const auto& [family, block] : context.home) out.push_back(block.address());
  const ipam::Lease* exposed = context.leases.find(host_attachment());
  if (exposed != nullptr) out.insert(out.end(), exposed->addresses.begin(), exposed->addresses.end());
  return out;
}

/// A peer whose underlay address is of another family, or not known, cannot be reached yet.
std::optional<plan::Peer> plan_peer(const Context& context, const Paths& paths, const NodeId& node,
                                    std::uint32_t index) {
  const wire::NodeInfo* info = context.mesh->info(node);
  if (info == nullptr || info->underlay.empty()) return std::nullopt;
  const Family family = context.underlay->address.family();
  if (info->underlay.front().family() != family) return std::nullopt;
  const auto key = context.encrypts() ? context.key_of(*info) : std::nullopt;
  if (context.encrypts() && !key) return std::nullopt;  // never in clear text
  plan::Peer peer{.index = index,
                  .id = node,
                  .vtep_mac = info->vtep_mac,
                  .underlay = info->underlay.front(),
                  .also = {},
                  .blocks = context.blocks_of(node),
                  .way = paths.way(node),
                  .key = key};
  std::copy_if(info->underlay.begin() + 1, info->underlay.end(), std::back_inserter(peer.also),
               [family](const Ip& address) { return address.family() == family; });
  return peer;
}

std::vector<plan::Peer> planned_peers(const Context& context, const Paths& paths) {
  std::vector<plan::Peer> out;
  for (const auto& [node, index] : context.peer_index) {
    if (auto peer = plan_peer(context, paths, node, index)) out.push_back(*std::move(peer));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  return out;
}

std::vector<plan::Pod> planned_pods(const Context& context) {
  std::vector<plan::Pod> out;
  for (const ipam::Lease& lease : context.leases.all()) {
    if (lease.key == host_attachment()) continue;
    for (const Ip& address : lease.addresses)
      out.push_back({address, lease.mac, lease.masquerade, host_interface(lease.key)});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.address < b.address; });
  return out;
}

}  // namespace

bool Node::Impl::sees_all() const {
  const bool alone = context.peer_index.empty() && targets.all().empty();
  return alone || context.mesh->synced();
}

std::optional<plan::Peer> Node::Impl::planned_peer(const NodeId& node) const {
  const auto index = context.peer_index.find(node);
  if (!context.chain || !context.underlay || index == context.peer_index.end()) return std::nullopt;
  return plan_peer(context, paths, node, index->second);
}

std::optional<plan::Intent> Node::Impl::intent() const {
  if (!context.chain || !context.underlay) return std::nullopt;
  const consensus::Genesis& genesis = context.chain->genesis();
  plan::Intent out;
  out.node = context.id;
  out.cluster = context.chain->cluster();
  out.vni = context.chain->vni();
  out.vxlan_port = genesis.vxlan_port;
  out.underlay = *context.underlay;
  if (context.encrypts()) out.encryption = context.encryption;
  out.mtu = context.mtu();
  out.pools = context.chain->pools();
  out.blocks = context.blocks_of(context.id);
  out.host_addresses = host_addresses(context);
  out.peers = planned_peers(context, paths);
  out.pods = planned_pods(context);
  out.no_masquerade = context.config.no_masquerade;
  out.watch_traffic = paths.wants_traffic();
  out.keep_unknown = !sees_all() || !context.ownerless.empty();
  return out;
}

}  // namespace overlay::node
