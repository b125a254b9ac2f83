// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/encode.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "overlay/kernel/bridge_port.h"
#include "overlay/kernel/wireguard.h"

namespace overlay::kernel {
namespace {

using Verb = plan::Operation::Verb;

std::uint8_t address_family(Family family) { return family == Family::v4 ? AF_INET : AF_INET6; }

Message& put_local(Message& message, const Ip& local) {
  return message.ip(local.is_v4() ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6, local);
}

Message link_message(const plan::Link& link, int flags, bool up) {
  ifinfomsg header{};
  if (up) header.ifi_flags = header.ifi_change = IFF_UP;
  Message message(RTM_NEWLINK, flags, header);
  message.string(IFLA_IFNAME, name(link.device));
  return message;
}

int flags_of(Verb verb) {
  if (verb == Verb::remove) return 0;
  return NLM_F_CREATE | (verb == Verb::add ? NLM_F_EXCL : NLM_F_REPLACE);
}

/// One request per kind of object.
struct Encoder {
  Verb verb;
  const Indices& indices;

  bool removes() const { return verb == Verb::remove; }
  std::uint16_t type(std::uint16_t add, std::uint16_t remove) const { return removes() ? remove : add; }

  std::optional<Message> operator()(const plan::Address& address) const {
    ifaddrmsg header{};
    header.ifa_family = address_family(address.ip.family());
    header.ifa_prefixlen = static_cast<std::uint8_t>(address.length);
    // Link scope keeps the pods' gateway from being chosen as a source for anything farther.
    header.ifa_scope = address.ip.is_link_local() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    header.ifa_index = static_cast<std::uint32_t>(indices.of(address.device));
    Message message(type(RTM_NEWADDR, RTM_DELADDR), removes() ? 0 : NLM_F_CREATE | NLM_F_REPLACE, header);
    message.ip(IFA_LOCAL, address.ip).ip(IFA_ADDRESS, address.ip);
    if (removes()) return message;
    std::uint32_t flags = IFA_F_PERMANENT;
    if (!address.ip.is_v4()) flags |= IFA_F_NODAD;
    if (address.length == address.ip.bits()) flags |= IFA_F_NOPREFIXROUTE;
    message.u32(IFA_FLAGS, flags);
    return message;
  }

  std::optional<Message> operator()(const plan::FdbEntry& entry) const {
    ndmsg header{};
    header.ndm_family = AF_BRIDGE;
    header.ndm_ifindex = indices.of(plan::Device::vxlan);
    header.ndm_state = NUD_NOARP | NUD_PERMANENT;
    header.ndm_flags = NTF_SELF;
    Message message(type(RTM_NEWNEIGH, RTM_DELNEIGH), removes() ? 0 : NLM_F_CREATE | NLM_F_REPLACE, header);
    message.mac(NDA_LLADDR, entry.mac).ip(NDA_DST, entry.remote);
    return message;
  }

  std::optional<Message> operator()(const plan::Neighbour& neighbour) const {
    const int device = indices.of(neighbour.device);
    if (!removes()) return permanent_neighbour(device, neighbour.ip, neighbour.mac);
    ndmsg header{};
    header.ndm_family = address_family(neighbour.ip.family());
    header.ndm_ifindex = device;
    Message message(RTM_DELNEIGH, 0, header);
    message.ip(NDA_DST, neighbour.ip);
    return message;
  }

  std::optional<Message> operator()(const plan::Nexthop& nexthop) const {
    nhmsg header{};
    if (!removes()) {
      header.nh_family = address_family(nexthop.family());
      header.nh_protocol = plan::route_protocol;
      if (nexthop.gateway) header.nh_flags = RTNH_F_ONLINK;
    }
    Message message(type(RTM_NEWNEXTHOP, RTM_DELNEXTHOP), flags_of(verb), header);
    message.u32(NHA_ID, nexthop.number);
    if (removes()) return message;
    if (nexthop.gateway) message.ip(NHA_GATEWAY, *nexthop.gateway);
    const plan::Device device = nexthop.gateway ? plan::Device::vxlan : plan::Device::wireguard;
    message.u32(NHA_OIF, static_cast<std::uint32_t>(indices.of(device)));
    return message;
  }

  std::optional<Message> operator()(const plan::Route& route) const {
    rtmsg header{};
    header.rtm_family = address_family(route.destination.family());
    header.rtm_dst_len = static_cast<std::uint8_t>(route.destination.length());
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = plan::route_protocol;
    const bool onto_bridge = !route.nexthop && !route.gateway;
    header.rtm_scope = removes() ? RT_SCOPE_NOWHERE : onto_bridge ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    header.rtm_type = removes() ? RTN_UNSPEC : RTN_UNICAST;
    if (route.gateway && !removes()) header.rtm_flags = RTNH_F_ONLINK;
    Message message(type(RTM_NEWROUTE, RTM_DELROUTE), flags_of(verb), header);
    message.ip(RTA_DST, route.destination.address()).u32(RTA_PRIORITY, route.metric);
    if (removes()) return message;
    if (route.nexthop) {
      message.u32(RTA_NH_ID, *route.nexthop);
    } else if (route.gateway) {
      message.ip(RTA_GATEWAY, *route.gateway).u32(RTA_OIF, route.device);
    } else {
      message.u32(RTA_OIF, static_cast<std::uint32_t>(indices.of(plan::Device::bridge)));
    }
    if (route.source) message.ip(RTA_PREFSRC, *route.source);
    if (route.mtu != 0) message.begin(RTA_METRICS).u32(RTAX_MTU, route.mtu).end();
    return message;
  }

  std::optional<Message> operator()(const auto& /*several steps, or no netlink*/) const {
    return std::nullopt;
  }
};

}  // namespace

Message encode_new_link(const plan::Link& link) {
  Message message = link_message(link, NLM_F_CREATE | NLM_F_EXCL, false);
  message.u32(IFLA_MTU, link.mtu);
  if (link.device != plan::Device::wireguard) message.mac(IFLA_ADDRESS, link.mac);
  message.begin(IFLA_LINKINFO);
  if (link.device == plan::Device::bridge) {
    message.string(IFLA_INFO_KIND, "bridge");
  } else if (link.device == plan::Device::wireguard) {
    message.string(IFLA_INFO_KIND, wireguard_kind);
  } else {
    message.string(IFLA_INFO_KIND, "vxlan").begin(IFLA_INFO_DATA);
    message.u32(IFLA_VXLAN_ID, link.vni).be16(IFLA_VXLAN_PORT, link.port).u8(IFLA_VXLAN_LEARNING, 0);
    put_local(message, link.local).end();
  }
  message.end();
  return message;
}

Message encode_mark_and_up(const plan::Link& link) {
  Message message = link_message(link, 0, true);
  message.string(IFLA_IFALIAS, link.alias);
  if (link.device == plan::Device::wireguard) message.u32(IFLA_MTU, link.mtu);  // wireguard-go chose another
  return message;
}

Message encode_link_change(int index, const plan::Link& link, const plan::Link& before) {
  ifinfomsg header{};
  header.ifi_index = index;
  if (link.up != before.up) header.ifi_change = IFF_UP;
  if (link.up) header.ifi_flags = header.ifi_change;
  Message message(RTM_NEWLINK, 0, header);
  if (link.renamed != before.renamed) message.string(IFLA_IFNAME, name(link.device));
  if (link.mac != before.mac) message.mac(IFLA_ADDRESS, link.mac);
  if (link.mtu != before.mtu) message.u32(IFLA_MTU, link.mtu);
  if (link.alias != before.alias) message.string(IFLA_IFALIAS, link.alias);
  if (link.local != before.local) {
    message.begin(IFLA_LINKINFO).string(IFLA_INFO_KIND, "vxlan").begin(IFLA_INFO_DATA);
    message.u32(IFLA_VXLAN_ID, link.vni);
    put_local(message, link.local).end().end();
  }
  return message;
}

Message encode_link_removal(int index) {
  ifinfomsg header{};
  header.ifi_index = index;
  return Message(RTM_DELLINK, 0, header);
}

std::optional<Message> encode(const plan::Operation& operation, const Indices& indices) {
  return std::visit(Encoder{operation.verb, indices}, operation.object);
}

}  // namespace overlay::kernel
