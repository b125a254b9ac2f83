// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/desired.h"

#include <algorithm>
#include <array>

#include "overlay/plan/firewall.h"
#include "overlay/plan/wireguard.h"

namespace overlay::plan {
namespace {

constexpr std::array families = {Family::v4, Family::v6};

bool has_pool(const Intent& intent, Family family) {
  return std::ranges::any_of(intent.pools, [family](const Prefix& pool) { return pool.family() == family; });
}

std::optional<Ip> host_address(const Intent& intent, Family family) {
  const auto at = std::ranges::find(intent.host_addresses, family, &Ip::family);
  if (at == intent.host_addresses.end()) return std::nullopt;
  return *at;
}

void add_links(const Intent& intent, Objects& out) {
  const std::string alias = alias_of(intent.cluster);
  out.links.push_back({.device = Device::bridge,
                       .mac = bridge_mac(intent.node),
                       .mtu = intent.mtu,
                       .alias = alias,
                       .up = true,
                       .local = {},
                       .checksum_offload = true});
  if (intent.encryption) {
    out.links.push_back({.device = Device::wireguard,
                         .mac = {},
                         .mtu = intent.mtu,
                         .alias = alias,
                         .up = true,
                         .port = intent.encryption->port,
                         .secret = intent.encryption->secret,
                         .local = {},
                         .checksum_offload = true});
    return;
  }
  out.links.push_back({.device = Device::vxlan,
                       .mac = vtep_mac(intent.node),
                       .mtu = intent.mtu,
                       .alias = alias,
                       .up = true,
                       .port = intent.vxlan_port,
                       .secret = {},
                       .vni = intent.vni,
                       .local = intent.underlay.address,
                       .checksum_offload = intent.checksum_offload});
}

void add_settings(const Intent& intent, Objects& out) {
  const auto set = [&out](std::string path, const char* value) {
    out.settings.push_back({std::move(path), value});
  };
  const auto of = [](const char* family, Device device, const char* key) {
    return "net/" + std::string(family) + "/conf/" + std::string(name(device)) + "/" + key;
  };
  const bool v4 = has_pool(intent, Family::v4);
  const bool v6 = has_pool(intent, Family::v6);
  const std::array devices = {Device::bridge, tunnel(intent)};
  if (v4) set("net/ipv4/ip_forward", "1");
  if (v6) set("net/ipv6/conf/all/forwarding", "1");
  for (const Device device : devices) {
    if (v4) set(of("ipv4", device, "forwarding"), "1");
    if (v6) set(of("ipv6", device, "forwarding"), "1");
    if (v6) set(of("ipv6", device, "disable_ipv6"), "0");
    set(of("ipv6", device, "accept_ra"), "0");
    set(of("ipv6", device, "addr_gen_mode"), "1");  // none: all our addresses are given
  }
  // Loose: a pod's packet arrives here while its block may by now be routed elsewhere.
  set(of("ipv4", tunnel(intent), "rp_filter"), "2");
  // Pods of one host talk through the one, a relay's packets through the other, on purpose; the firewall
  // drops what `all` would still let out.
  for (const Device device : devices) set(of("ipv4", device, "send_redirects"), "0");
  if (intent.encryption && !v6) set(of("ipv6", Device::wireguard, "disable_ipv6"), "0");  // for probes
}

void add_addresses(const Intent& intent, Objects& out) {
  if (has_pool(intent, Family::v4)) {
    out.addresses.push_back({pod_gateway(Family::v4), 32});
    // Where packets come from a host that is answered by another way, a loose rp_filter lets them in only on
    // a device that has an address (fib_frontend.c, no_addr).
    out.addresses.push_back({pod_gateway(Family::v4), 32, tunnel(intent)});
  }
  if (has_pool(intent, Family::v6)) out.addresses.push_back({pod_gateway(Family::v6), 64});
  if (intent.encryption) out.addresses.push_back({tunnel_address(intent.node), 64, Device::wireguard});
  for (const Ip& ip : intent.host_addresses) out.addresses.push_back({ip, ip.bits()});
}

Route route(const Intent& intent, const Prefix& block, std::optional<std::uint32_t> nexthop) {
  return {.destination = block,
          .metric = default_metric(block.family()),
          .nexthop = nexthop,
          .source = host_address(intent, block.family())};
}

bool is_direct(const Intent& intent, const Peer& peer, Family family) {
  return peer.way.direct && !intent.encryption && intent.underlay.device != 0 &&
         peer.underlay.family() == family;
}

/// The kernel takes nexthop objects away with the underlay's carrier and gives none back, but a plain route
/// through a gateway waits for it; and should its device go down, the one beneath leads on.
void add_direct_route(const Intent& intent, const Peer& peer, Route through_tunnel, Objects& out) {
  Route direct = through_tunnel;
  direct.nexthop.reset();
  direct.gateway = peer.underlay;
  direct.device = intent.underlay.device;
  out.routes.push_back(std::move(direct));
  through_tunnel.metric = beneath_metric(through_tunnel.destination.family());
  out.routes.push_back(std::move(through_tunnel));
}

void add_peer_routes(const Intent& intent, const Peer& peer, std::uint32_t nexthop, Family family,
                     Objects& out) {
  for (const Prefix& block : peer.blocks) {
    if (block.family() != family) continue;
    Route through_tunnel = route(intent, block, nexthop);
    through_tunnel.mtu = peer.way.mtu;
    if (is_direct(intent, peer, family)) {
      add_direct_route(intent, peer, std::move(through_tunnel), out);
    } else {
      out.routes.push_back(std::move(through_tunnel));
    }
  }
}

void add_own(const Intent& intent, Objects& out) {
  for (const Prefix& block : intent.blocks) out.routes.push_back(route(intent, block, std::nullopt));
  for (const Pod& pod : intent.pods) {
    out.neighbours.push_back({Device::bridge, pod.address, pod.mac});
    if (!pod.port.empty()) out.ports.push_back({pod.port, pod.mac});
  }
}

std::uint32_t nexthop_of(const Peer& peer, Family family) {
  return (family == Family::v4 ? nexthop_base_v4 : nexthop_base_v6) + peer.index;
}

void add_encrypted_peer(const Intent& intent, const Peer& peer, Objects& out) {
  if (!peer.key) return;
  for (const Family family : families) {
    if (!has_pool(intent, family)) continue;
    out.nexthops.push_back({nexthop_of(peer, family)});
    add_peer_routes(intent, peer, nexthop_of(peer, family), family, out);
  }
}

void add_peer(const Intent& intent, const Peer& peer, Objects& out) {
  if (peer.underlay.family() != intent.underlay.address.family()) return;
  if (intent.encryption) return add_encrypted_peer(intent, peer, out);
  for_each_address(peer, [&out](const Ip& address) { out.members.push_back({address}); });
  out.fdb.push_back({peer.vtep_mac, peer.underlay});
  for (const Family family : families) {
    if (!has_pool(intent, family)) continue;
    const std::uint32_t number = nexthop_of(peer, family);
    out.neighbours.push_back({Device::vxlan, gateway_handle(peer.index, family), peer.vtep_mac});
    const std::uint32_t through = peer.way.relay != 0 ? peer.way.relay : peer.index;
    out.nexthops.push_back({number, gateway_handle(through, family)});
    add_peer_routes(intent, peer, number, family, out);
  }
}

/// About that: of one family, with one block each.
void reserve(std::size_t peers, Objects& out) {
  out.members.reserve(peers);
  out.fdb.reserve(peers);
  out.neighbours.reserve(peers);
  out.nexthops.reserve(peers);
  out.routes.reserve(peers);
}

void add_peers(const Intent& intent, const std::vector<Peer>& peers, Objects& out) {
  for (const Peer& peer : peers) add_peer(intent, peer, out);
  if (intent.encryption) out.wireguard = wireguard_peers(intent, peers);
}

}  // namespace

Device tunnel(const Intent& intent) { return intent.encryption ? Device::wireguard : Device::vxlan; }

Ip pod_gateway(Family family) {
  if (family == Family::v4) return Ip::v4(0xa9fe0101);
  return Ip::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

Ip gateway_handle(std::uint32_t index, Family family) {
  const auto high = static_cast<std::uint8_t>(index >> 8);
  const auto low = static_cast<std::uint8_t>(index);
  if (family == Family::v6) return Ip::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x4d, 0, 0, 0, 0, 0, high, low});
  const Ip plain = Ip::v4(0xa9fe0000 + index);
  const bool taken = plain == pod_gateway(Family::v4) || index == peer_index_max;
  return taken ? Ip::v4(0xc0000000 + low) : plain;
}

Objects desired(const Intent& intent, bool* contested) {
  Objects out;
  reserve(intent.peers.size(), out);
  add_links(intent, out);
  out.firewall.push_back(firewall(intent));
  add_settings(intent, out);
  add_addresses(intent, out);
  add_own(intent, out);
  add_peers(intent, intent.peers, out);
  const std::size_t lost =
      out.normalise();  // of two claims to one block our own is kept, then the lower index's
  if (contested != nullptr) *contested = lost != 0;
  return out;
}

Objects desired_of_peers(const Intent& intent, const std::vector<Peer>& peers) {
  Objects out;
  add_peers(intent, peers, out);
  out.normalise();
  return out;
}

std::uint32_t overlay_mtu(std::uint32_t underlay_mtu, Family underlay_family, bool encrypted) {
  const std::uint32_t overhead = (encrypted ? 40 : 30) + (underlay_family == Family::v4 ? 20 : 40);
  return underlay_mtu > overhead ? underlay_mtu - overhead : 0;
}

}  // namespace overlay::plan
