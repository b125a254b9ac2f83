// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/events.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace overlay::kernel {
namespace {

using plan::Device;

bool route_concerns_us(const Reply& news) {
  const auto header = news.header<rtmsg>();
  return header && (header->rtm_protocol == plan::route_protocol || header->rtm_dst_len == 0);
}

bool nexthop_concerns_us(const Reply& news) {
  return plan::is_our_nexthop_id(news.attributes<nhmsg>().u32(NHA_ID).value_or(0));
}

}  // namespace

Result<Events> Events::open() {
  OVERLAY_TRY(Socket listening, Socket::open(NETLINK_ROUTE));
  OVERLAY_TRY(Socket asking, Socket::open(NETLINK_ROUTE));
  for (const unsigned int group : {RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                   RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_NEXTHOP}) {
    OVERLAY_CHECK(listening.join(group));
  }
  Events out(std::move(listening), std::move(asking));
  OVERLAY_CHECK(out.find_indices());
  return out;
}

Status Events::find_indices() {
  for (const Device device : {Device::bridge, Device::vxlan}) {
    OVERLAY_TRY(const auto found, find_link(asking_, device));
    indices_.set(device, found ? found->index : 0);
  }
  return {};
}

Result<bool> Events::drain() {
  auto news = listening_.poll();
  const bool lost = !news && news.error().code == Errc::exhausted;
  while (!news && news.error().code == Errc::exhausted) news = listening_.poll();
  if (!news) return news.error();
  if (lost) OVERLAY_CHECK(find_indices());
  bool out = lost;
  for (const Reply& each : *news) out = concerns_us(each) || out;
  return out;
}

bool Events::concerns_us(const Reply& news) {
  switch (news.type()) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return link_concerns_us(news);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return address_concerns_us(news);
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      return neighbour_concerns_us(news);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return route_concerns_us(news);
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      return nexthop_concerns_us(news);
    default:
      return false;
  }
}

bool Events::link_concerns_us(const Reply& news) {
  const auto header = news.header<ifinfomsg>();
  if (!header || header->ifi_family == AF_BRIDGE) return false;  // a bridge's ports come and go with pods
  const Attributes attributes = news.attributes<ifinfomsg>();
  const std::string device = attributes.string(IFLA_IFNAME).value_or("");
  for (const Device ours : {Device::bridge, Device::vxlan}) {
    if (device != name(ours)) continue;
    indices_.set(ours, news.type() == RTM_NEWLINK ? header->ifi_index : 0);
    return true;
  }
  const auto master = attributes.u32(IFLA_MASTER);
  return !master || indices_.at(static_cast<int>(*master)) != Device::bridge;
}

bool Events::neighbour_concerns_us(const Reply& news) const {
  const auto header = news.header<ndmsg>();
  if (!header || !indices_.at(header->ndm_ifindex)) return false;
  // What the kernel learns by itself about pods is its own affair.
  return (header->ndm_state & NUD_PERMANENT) != 0 || news.type() == RTM_DELNEIGH;
}

bool Events::address_concerns_us(const Reply& news) const {
  const auto header = news.header<ifaddrmsg>();
  if (!header) return false;
  return header->ifa_scope == RT_SCOPE_UNIVERSE || indices_.at(static_cast<int>(header->ifa_index));
}

}  // namespace overlay::kernel
