// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/dump.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "overlay/plan/desired.h"

namespace overlay::kernel {
namespace {

using plan::Device;

template <class Header>
std::optional<Header> header_of(const Reply& reply, std::uint16_t type) {
  if (reply.type() != type) return std::nullopt;
  return reply.header<Header>();
}

Result<std::vector<Reply>> dump_neighbour_table(Socket& socket, std::uint8_t family, int index) {
  ndmsg header{};
  header.ndm_family = family;
  Message message(RTM_GETNEIGH, 0, header);
  message.u32(NDA_IFINDEX, static_cast<std::uint32_t>(index));
  return socket.dump(message);
}

std::optional<plan::FdbEntry> read_fdb(const Reply& reply, const Indices& indices) {
  const auto header = header_of<ndmsg>(reply, RTM_NEWNEIGH);
  if (!header || header->ndm_ifindex != indices.of(Device::vxlan)) return std::nullopt;
  if (header->ndm_family != AF_BRIDGE || !(header->ndm_state & NUD_PERMANENT)) return std::nullopt;
  const Attributes attributes = reply.attributes<ndmsg>();
  const auto mac = attributes.mac(NDA_LLADDR);
  const auto remote = attributes.ip(NDA_DST);
  if (!mac || !remote) return std::nullopt;
  return plan::FdbEntry{*mac, *remote};
}

std::optional<plan::Neighbour> read_neighbour(const Reply& reply, const Indices& indices) {
  const auto header = header_of<ndmsg>(reply, RTM_NEWNEIGH);
  const auto device = header ? indices.at(header->ndm_ifindex) : std::nullopt;
  if (!device || !(header->ndm_state & NUD_PERMANENT)) return std::nullopt;
  const Attributes attributes = reply.attributes<ndmsg>();
  const auto ip = attributes.ip(NDA_DST);
  const auto mac = attributes.mac(NDA_LLADDR);
  if (!ip || !mac || attributes.u8(NDA_PROTOCOL) != plan::route_protocol) return std::nullopt;
  return plan::Neighbour{*device, *ip, *mac};
}

std::optional<plan::Nexthop> read_nexthop(const Reply& reply, const Indices& indices) {
  const auto header = header_of<nhmsg>(reply, RTM_NEWNEXTHOP);
  if (!header || header->nh_protocol != plan::route_protocol) return std::nullopt;
  const Attributes attributes = reply.attributes<nhmsg>();
  const std::uint32_t id = attributes.u32(NHA_ID).value_or(0);
  if (!plan::is_our_nexthop_id(id)) return std::nullopt;
  const auto device = indices.at(static_cast<int>(attributes.u32(NHA_OIF).value_or(0)));
  plan::Nexthop out{id};
  if (device != Device::wireguard) out.gateway = attributes.ip(NHA_GATEWAY).value_or(Ip{});
  return out;
}

std::optional<plan::Route> read_route(const Reply& reply, Family family, const Indices& indices) {
  const auto destination = destination_of(reply, family);
  const auto header = reply.header<rtmsg>();
  if (!destination || header->rtm_protocol != plan::route_protocol) return std::nullopt;
  const Attributes attributes = reply.attributes<rtmsg>();
  plan::Route out;
  out.destination = *destination;
  out.metric = attributes.u32(RTA_PRIORITY).value_or(0);
  out.source = attributes.ip(RTA_PREFSRC);
  out.mtu = attributes.nested(RTA_METRICS).u32(RTAX_MTU).value_or(0);
  const std::uint32_t index = attributes.u32(RTA_OIF).value_or(0);
  const auto device = indices.at(static_cast<int>(index));
  out.nexthop = attributes.u32(RTA_NH_ID);
  if (out.nexthop || device == Device::bridge) return out;
  out.gateway = attributes.ip(RTA_GATEWAY);
  out.device = out.gateway ? index : 0;
  if (!out.gateway) out.nexthop = plan::Route::elsewhere;
  return out;
}

std::optional<plan::Address> read_address(const Reply& reply, const Indices& indices) {
  const auto header = header_of<ifaddrmsg>(reply, RTM_NEWADDR);
  const auto device = header ? indices.at(static_cast<int>(header->ifa_index)) : std::nullopt;
  if (!device) return std::nullopt;
  const Attributes attributes = reply.attributes<ifaddrmsg>();
  const auto local = attributes.ip(IFA_LOCAL);
  const auto ip = local ? local : attributes.ip(IFA_ADDRESS);  // IPv6 has only the latter
  if (!ip) return std::nullopt;
  const plan::Address out{*ip, header->ifa_prefixlen, *device};
  const bool link_local = *ip == plan::pod_gateway(Family::v6) || *device == Device::wireguard;
  if (out.length != ip->bits() && !link_local) return std::nullopt;
  return out;
}

template <class T, class Read>
void append(std::vector<T>& out, const std::vector<Reply>& replies, Read read) {
  for (const Reply& reply : replies) {
    if (auto value = read(reply)) out.push_back(std::move(*value));
  }
}

template <class T>
std::optional<plan::Object> as_object(std::optional<T> value) {
  if (!value) return std::nullopt;
  return *std::move(value);
}

/// News of an entry's end say no more of what it was.
std::optional<plan::Neighbour> read_gone_neighbour(const Reply& news, const Indices& indices) {
  const auto header = news.header<ndmsg>();
  const auto device = header ? indices.at(header->ndm_ifindex) : std::nullopt;
  const auto ip = news.attributes<ndmsg>().ip(NDA_DST);
  if (!device || !ip) return std::nullopt;
  return plan::Neighbour{*device, *ip, {}};
}

std::optional<plan::Object> read_entry(const Reply& news, const Indices& indices) {
  const auto header = news.header<ndmsg>();
  if (header && header->ndm_family == AF_BRIDGE) return as_object(read_fdb(news.as(RTM_NEWNEIGH), indices));
  return as_object(news.type() == RTM_DELNEIGH ? read_gone_neighbour(news, indices)
                                               : read_neighbour(news, indices));
}

}  // namespace

std::optional<plan::Object> read_object(const Reply& news, const Indices& indices) {
  switch (news.type()) {
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      return read_entry(news, indices);
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      const auto header = news.header<rtmsg>();
      const Family family = header && header->rtm_family == AF_INET6 ? Family::v6 : Family::v4;
      return as_object(read_route(news.as(RTM_NEWROUTE), family, indices));
    }
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      return as_object(read_nexthop(news.as(RTM_NEWNEXTHOP), indices));
    default:
      return std::nullopt;
  }
}

Result<std::vector<plan::FdbEntry>> dump_fdb(Socket& socket, const Indices& indices) {
  std::vector<plan::FdbEntry> out;
  if (indices.of(Device::vxlan) == 0) return out;
  OVERLAY_TRY(const auto replies, dump_neighbour_table(socket, AF_BRIDGE, indices.of(Device::vxlan)));
  append(out, replies, [&indices](const Reply& reply) { return read_fdb(reply, indices); });
  return out;
}

Result<std::vector<plan::Neighbour>> dump_neighbours(Socket& socket, const Indices& indices) {
  std::vector<plan::Neighbour> out;
  for (const Device device : plan::devices) {
    if (indices.of(device) == 0) continue;
    OVERLAY_TRY(const auto replies, dump_neighbour_table(socket, AF_UNSPEC, indices.of(device)));
    append(out, replies, [&indices](const Reply& reply) { return read_neighbour(reply, indices); });
  }
  return out;
}

Result<std::vector<plan::Nexthop>> dump_nexthops(Socket& socket, const Indices& indices) {
  OVERLAY_TRY(const auto replies, socket.dump(Message(RTM_GETNEXTHOP, 0, nhmsg{})));
  std::vector<plan::Nexthop> out;
  append(out, replies, [&indices](const Reply& reply) { return read_nexthop(reply, indices); });
  return out;
}

Result<std::vector<plan::Route>> dump_routes(Socket& socket, const Indices& indices) {
  std::vector<plan::Route> out;
  for (const Family family : {Family::v4, Family::v6}) {
    OVERLAY_TRY(const auto replies, dump_main_table(socket, family, plan::route_protocol));
    append(out, replies,
           [&indices, family](const Reply& reply) { return read_route(reply, family, indices); });
  }
  return out;
}

Result<std::vector<plan::Address>> dump_addresses(Socket& socket, const Indices& indices) {
  std::vector<plan::Address> out;
  for (const Device device : plan::devices) {
    if (indices.of(device) == 0) continue;
    ifaddrmsg header{};
    header.ifa_index = static_cast<std::uint32_t>(indices.of(device));
    OVERLAY_TRY(const auto replies, socket.dump(Message(RTM_GETADDR, 0, header)));
    append(out, replies, [&indices](const Reply& reply) { return read_address(reply, indices); });
  }
  return out;
}

Result<std::vector<Reply>> dump_main_table(Socket& socket, Family family, std::uint8_t protocol) {
  rtmsg header{};
  header.rtm_family = family == Family::v4 ? AF_INET : AF_INET6;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = protocol;
  auto replies = socket.dump(Message(RTM_GETROUTE, 0, header));
  const bool absent =
      !replies && (replies.error().code == Errc::not_found || replies.error().code == Errc::unsupported);
  if (absent) return std::vector<Reply>();
  return replies;
}

std::optional<Prefix> destination_of(const Reply& reply, Family family) {
  const auto header = header_of<rtmsg>(reply, RTM_NEWROUTE);
  const int wanted = family == Family::v4 ? AF_INET : AF_INET6;
  if (!header || header->rtm_family != wanted || header->rtm_table != RT_TABLE_MAIN) return std::nullopt;
  const Ip any = family == Family::v4 ? Ip::v4(0) : Ip::v6({});
  const auto prefix = Prefix::make(reply.attributes<rtmsg>().ip(RTA_DST).value_or(any),
                                   static_cast<int>(header->rtm_dst_len));
  if (!prefix) return std::nullopt;
  return *prefix;
}

}  // namespace overlay::kernel
