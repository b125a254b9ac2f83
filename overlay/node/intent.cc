// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "overlay/node/impl.h"

namespace overlay::node {
namespace {

/// The host holds the first address of its home block of each family.
std::vector<Ip> host_addresses(const Context& context) {
  std::vector<Ip> out;
  for (const auto& [family, block] : context.home) out.push_back(block.address());
  return out;
}

/// A peer whose underlay address is of another family, or not known, cannot be reached yet.
std::vector<plan::Peer> planned_peers(const Context& context) {
  std::vector<plan::Peer> out;
  for (const auto& [node, index] : context.peer_index) {
    const wire::NodeInfo* info = context.mesh->info(node);
    if (info == nullptr || info->underlay.empty()) continue;
    if (info->underlay.front().family() != context.underlay->address.family()) continue;
    plan::Peer peer{index, node, info->vtep_mac, info->underlay.front(), {}};
    peer.blocks = context.blocks_of(node);
    out.push_back(std::move(peer));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  return out;
}

/// A block's owner has no record here: it was lost in a crash, or is still to come. The route there, which an
/// earlier life programmed, cannot be told from a leftover until it is back.
bool lacks_an_owner(const Context& context) {
  const auto& blocks = context.blocks.all();
  return std::any_of(blocks.begin(), blocks.end(), [&](const auto& entry) {
    const ipam::BlockRecord& block = entry.second;
    const auto owner = context.chain->successor(block.owner);
    return block.state == ipam::BlockState::owned && owner && *owner != context.id &&
           context.mesh->info(*owner) == nullptr;
  });
}

std::vector<plan::Pod> planned_pods(const Context& context) {
  std::vector<plan::Pod> out;
  for (const ipam::Lease& lease : context.leases.all()) {
    for (const Ip& address : lease.addresses)
      out.push_back({address, lease.mac, lease.masquerade, host_interface(lease.key)});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.address < b.address; });
  return out;
}

}  // namespace

std::optional<plan::Intent> Node::Impl::intent() const {
  if (!context.chain || !context.underlay) return std::nullopt;
  const consensus::Genesis& genesis = context.chain->genesis();
  plan::Intent out;
  out.node = context.id;
  out.cluster = context.chain->cluster();
  out.vni = context.chain->vni();
  out.vxlan_port = genesis.vxlan_port;
  out.underlay = *context.underlay;
  out.mtu = context.mtu();
  out.pools = context.chain->pools();
  out.blocks = context.blocks_of(context.id);
  out.host_addresses = host_addresses(context);
  out.peers = planned_peers(context);
  out.pods = planned_pods(context);
  out.no_masquerade = context.config.no_masquerade;
  const bool alone = context.peer_index.empty() && context.config.join.empty();
  out.keep_unknown = (!alone && !context.mesh->synced()) || lacks_an_owner(context);
  return out;
}

}  // namespace overlay::node
