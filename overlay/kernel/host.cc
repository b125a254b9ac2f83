// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/host.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <algorithm>
#include <cstring>
#include <map>

#include "overlay/kernel/dump.h"

namespace overlay::kernel {
namespace {

struct HostLink {
  std::string name;
  std::uint32_t mtu = 0;
  bool loopback = false;
};

struct DefaultRoute {
  Family family = Family::v4;
  std::uint32_t metric = 0;
  int device = 0;         // 0: several, or a nexthop object that is not one device
  std::uint32_t mtu = 0;  // of the route itself; 0: of its device
  std::optional<Ip> source;
};

Result<std::map<int, HostLink>> host_links(Socket& socket) {
  OVERLAY_TRY(const auto replies, socket.dump(Message(RTM_GETLINK, 0, ifinfomsg{})));
  std::map<int, HostLink> out;
  for (const Reply& reply : replies) {
    const auto header = reply.header<ifinfomsg>();
    if (!header) continue;
    const Attributes attributes = reply.attributes<ifinfomsg>();
    out[header->ifi_index] = {.name = attributes.string(IFLA_IFNAME).value_or(""),
                              .mtu = attributes.u32(IFLA_MTU).value_or(0),
                              .loopback = (header->ifi_flags & IFF_LOOPBACK) != 0};
  }
  return out;
}

std::optional<DefaultRoute> read_default_route(const Reply& reply, Family family) {
  const auto destination = destination_of(reply, family);
  if (!destination || destination->length() != 0 || reply.header<rtmsg>()->rtm_type != RTN_UNICAST)
    return std::nullopt;
  const Attributes attributes = reply.attributes<rtmsg>();
  return DefaultRoute{.family = family,
                      .metric = attributes.u32(RTA_PRIORITY).value_or(0),
                      .device = static_cast<int>(attributes.u32(RTA_OIF).value_or(0)),
                      .mtu = attributes.nested(RTA_METRICS).u32(RTAX_MTU).value_or(0),
                      .source = attributes.ip(RTA_PREFSRC)};
}

/// The one of the lowest metric, IPv4 before IPv6.
Result<DefaultRoute> default_route(Socket& socket) {
  for (const Family family : {Family::v4, Family::v6}) {
    std::optional<DefaultRoute> best;
    OVERLAY_TRY(const auto replies, dump_main_table(socket, family, RTPROT_UNSPEC));
    for (const Reply& reply : replies) {
      const auto route = read_default_route(reply, family);
      if (route && (!best || route->metric < best->metric)) best = route;
    }
    if (best) return *best;
  }
  return fail(Errc::not_found,
              "no default route to take the underlay address from; give it with --underlay-address");
}

/// What the kernel would send from on that route. The destination, a root name server, stands for "far away";
/// nothing is sent there.
Result<Ip> source_of(Socket& socket, const DefaultRoute& route, int& device) {
  rtmsg header{};
  header.rtm_family = route.family == Family::v4 ? AF_INET : AF_INET6;
  header.rtm_dst_len = route.family == Family::v4 ? 32 : 128;
  Message message(RTM_GETROUTE, 0, header);
  message.ip(RTA_DST, Ip::parse(route.family == Family::v4 ? "198.41.0.4" : "2001:503:ba3e::2:30").value());
  if (device != 0) message.u32(RTA_OIF, static_cast<std::uint32_t>(device));
  OVERLAY_TRY(const Reply reply, socket.get(message));
  const Attributes attributes = reply.attributes<rtmsg>();
  if (device == 0) device = static_cast<int>(attributes.u32(RTA_OIF).value_or(0));
  const auto source = route.source ? route.source : attributes.ip(RTA_PREFSRC);
  if (!source || source->is_unspecified() || source->is_link_local()) {
    return fail(Errc::not_found, "the default route has no source address; give it with --underlay-address");
  }
  return *source;
}

/// Where an address of this host is, and how long its prefix is.
struct Place {
  int device = 0;
  int length = 0;
};

/// Nothing when this host has no such address.
Result<std::optional<Place>> place_of(Socket& socket, const Ip& address) {
  ifaddrmsg header{};
  header.ifa_family = address.is_v4() ? AF_INET : AF_INET6;
  OVERLAY_TRY(const auto replies, socket.dump(Message(RTM_GETADDR, 0, header)));
  for (const Reply& reply : replies) {
    const Attributes attributes = reply.attributes<ifaddrmsg>();
    const auto local = attributes.ip(IFA_LOCAL);
    if ((local ? local : attributes.ip(IFA_ADDRESS)) != address) continue;
    if (const auto found = reply.header<ifaddrmsg>())
      return Place{static_cast<int>(found->ifa_index), found->ifa_prefixlen};
  }
  return std::nullopt;
}

/// With what its device has beside it; nothing is beside an address that stands alone.
plan::Underlay beside(const Ip& address, std::uint32_t mtu, const std::optional<Place>& place) {
  plan::Underlay out{.address = address, .mtu = mtu};
  if (!place) return out;
  out.device = static_cast<std::uint32_t>(place->device);
  if (place->length < address.bits()) out.neighbourhood = Prefix::around(address, place->length);
  return out;
}

Result<plan::Underlay> underlay_of_default_route(Socket& socket, const std::map<int, HostLink>& links) {
  OVERLAY_TRY(const DefaultRoute route, default_route(socket));
  int device = route.device;
  OVERLAY_TRY(const Ip source, source_of(socket, route, device));
  const auto link = links.find(device);
  const std::uint32_t device_mtu = link == links.end() ? 0 : link->second.mtu;
  OVERLAY_TRY(const auto place, place_of(socket, source));
  return beside(source, route.mtu != 0 ? route.mtu : device_mtu, place);
}

}  // namespace

Result<plan::Underlay> find_underlay(Socket& socket, std::optional<Ip> wanted) {
  OVERLAY_TRY(const auto links, host_links(socket));
  if (!wanted) return underlay_of_default_route(socket, links);
  OVERLAY_TRY(const auto place, place_of(socket, *wanted));
  const auto link = place ? links.find(place->device) : links.end();
  if (link == links.end()) {
    return fail(Errc::not_found, wanted->text() + " is not an address of this host; give one that is with " +
                                     "--underlay-address");
  }
  if (!link->second.loopback) return beside(*wanted, link->second.mtu, place);
  // An address routed to this host and kept on lo: packets leave by the default route, whose MTU counts.
  OVERLAY_TRY(const plan::Underlay way_out, underlay_of_default_route(socket, links));
  return plan::Underlay{.address = *wanted, .mtu = way_out.mtu};
}

Result<std::vector<plan::HostRoute>> foreign_routes(Socket& socket) {
  OVERLAY_TRY(const auto links, host_links(socket));
  std::vector<plan::HostRoute> out;
  for (const Family family : {Family::v4, Family::v6}) {
    OVERLAY_TRY(const auto replies, dump_main_table(socket, family, RTPROT_UNSPEC));
    for (const Reply& reply : replies) {
      const auto destination = destination_of(reply, family);
      if (!destination || reply.header<rtmsg>()->rtm_protocol == plan::route_protocol) continue;
      const auto link = links.find(static_cast<int>(reply.attributes<rtmsg>().u32(RTA_OIF).value_or(0)));
      const std::string device = link == links.end() ? "" : link->second.name;
      if (std::ranges::count(plan::devices, device, [](plan::Device ours) { return name(ours); }) != 0)
        continue;
      out.push_back({*destination, device});
    }
  }
  return out;
}

Result<std::set<Ip>> own_addresses(Socket& socket) {
  OVERLAY_TRY(const auto replies, socket.dump(Message(RTM_GETADDR, 0, ifaddrmsg{})));
  std::set<Ip> out;
  for (const Reply& reply : replies) {
    const Attributes attributes = reply.attributes<ifaddrmsg>();
    const auto local = attributes.ip(IFA_LOCAL);
    const auto ip = local ? local : attributes.ip(IFA_ADDRESS);  // IPv6 has only the latter
    if (ip) out.insert(*ip);
  }
  return out;
}

Result<std::uint64_t> received_packets(Socket& socket, std::string_view device) {
  Message question(RTM_GETLINK, 0, ifinfomsg{});
  question.string(IFLA_IFNAME, device);
  OVERLAY_TRY(const Reply reply, socket.get(question));
  const auto bytes = reply.attributes<ifinfomsg>().find(IFLA_STATS64);
  rtnl_link_stats64 stats{};
  if (bytes) std::memcpy(&stats, bytes->data(), std::min(bytes->size(), sizeof stats));
  return stats.rx_packets;
}

Result<std::set<std::string>> interface_names(Socket& socket) {
  OVERLAY_TRY(const auto links, host_links(socket));
  std::set<std::string> out;
  for (const auto& [index, link] : links) out.insert(link.name);
  return out;
}

}  // namespace overlay::kernel
