// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/ways.h"

#include <algorithm>

#include "overlay/plan/desired.h"

namespace overlay::plan {
namespace {

/// Whose VTEP a gateway handle stands for.
std::optional<Mac> vtep_of(const Objects& kernel, const Ip& handle) {
  const auto entry = std::ranges::lower_bound(kernel.neighbours, std::tuple(Device::vxlan, handle), {},
                                              [](const Neighbour& neighbour) { return neighbour.key(); });
  if (entry == kernel.neighbours.end() || entry->device != Device::vxlan || entry->ip != handle)
    return std::nullopt;
  return entry->mac;
}

/// The peer that a nexthop is for, wherever it leads.
std::optional<Mac> peer_of(const Objects& kernel, std::uint32_t nexthop) {
  const std::uint32_t index = nexthop & peer_index_max;
  const Family family = nexthop - index == nexthop_base_v4 ? Family::v4 : Family::v6;
  return vtep_of(kernel, gateway_handle(index, family));
}

/// A plain route to the same block lies above it.
bool has_direct(const Objects& kernel, const Route& beneath) {
  const std::uint32_t metric = default_metric(beneath.destination.family());
  if (beneath.metric == metric) return false;
  const auto above = std::ranges::lower_bound(kernel.routes, std::tuple(beneath.destination, metric), {},
                                              [](const Route& route) { return route.key(); });
  return above != kernel.routes.end() && above->destination == beneath.destination && above->gateway;
}

std::map<Mac, FoundWay> peers_in(const Objects& kernel) {
  std::map<Mac, FoundWay> out;
  for (const Nexthop& nexthop : kernel.nexthops) {
    const auto peer = peer_of(kernel, nexthop.number);
    const auto next = nexthop.gateway ? vtep_of(kernel, *nexthop.gateway) : std::nullopt;
    if (peer && next && *next != *peer) out[*peer].relay = next;
  }
  for (const Route& route : kernel.routes) {
    if (!route.nexthop || *route.nexthop == Route::elsewhere) continue;
    const auto peer = peer_of(kernel, *route.nexthop);
    const bool direct = has_direct(kernel, route);
    if (!peer || (!direct && route.mtu == 0)) continue;
    FoundWay& way = out[*peer];
    way.direct = way.direct || direct;
    way.mtu = std::max(way.mtu, route.mtu);
  }
  return out;
}

std::map<Prefix, FoundBlock> blocks_in(const Objects& kernel) {
  std::map<Prefix, FoundBlock> out;
  const auto is_tunnel = [](const Prefix& prefix) { return prefix.address().is_link_local(); };
  for (const WireguardPeer& peer : kernel.wireguard) {
    const auto own = std::ranges::find_if(peer.allowed, is_tunnel);
    if (own == peer.allowed.end()) continue;
    for (const Prefix& block : peer.allowed) {
      if (!is_tunnel(block)) out[block].tunnel_address = own->address();
    }
  }
  for (const Route& route : kernel.routes) {
    const auto block = out.find(route.destination);
    if (block != out.end()) block->second.mtu = route.mtu;
  }
  return out;
}

}  // namespace

FoundWays ways_in(const Objects& kernel) { return {peers_in(kernel), blocks_in(kernel)}; }

}  // namespace overlay::plan
