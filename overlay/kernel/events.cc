// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/events.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "overlay/addr/attachment.h"
#include "overlay/kernel/dump.h"

namespace overlay::kernel {
namespace {

using plan::Device;

bool is_default_route(const Reply& news) {
  const auto header = news.header<rtmsg>();
  return header && header->rtm_dst_len == 0;
}

bool is_our_route(const Reply& news) {
  const auto header = news.header<rtmsg>();
  return header && header->rtm_protocol == plan::route_protocol;
}

bool nexthop_concerns_us(const Reply& news) {
  return plan::is_our_nexthop_id(news.attributes<nhmsg>().u32(NHA_ID).value_or(0));
}

/// Tables, chains, rules, sets and elements all name their table in their first attribute.
bool is_of_our_table(const Reply& news) {
  static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 && NFTA_RULE_TABLE == 1 &&
                NFTA_SET_TABLE == 1 && NFTA_SET_ELEM_LIST_TABLE == 1);
  const auto header = news.header<nfgenmsg>();
  if (!header || header->nfgen_family != NFPROTO_INET) return false;
  return news.attributes<nfgenmsg>().string(NFTA_TABLE_NAME) == "overlay";
}

/// Linux before 6.13 tells of a change of an FDB entry twice: as the device does, and once more without where
/// it leads.
bool is_second_telling(const Reply& news) {
  const auto header = news.header<ndmsg>();
  return header && header->ndm_family == AF_BRIDGE && !news.attributes<ndmsg>().ip(NDA_DST);
}

/// Sets and their elements change all the time where services come and go, and say nothing here.
bool is_of_a_firewall(const Reply& news) {
  switch (news.type() & 0xff) {
    case NFT_MSG_NEWCHAIN:
    case NFT_MSG_DELCHAIN:
    case NFT_MSG_NEWRULE:
    case NFT_MSG_DELRULE:
    case NFT_MSG_DELTABLE:
    case NFT_MSG_NEWTABLE:
      return true;
    default:
      return false;
  }
}

/// What was read; `lost` is set when some was not. The rest of a buffer that overran is still read.
Result<std::vector<Reply>> read_all(Socket& socket, bool& lost) {
  auto news = socket.poll();
  while (!news && news.error().code == Errc::exhausted) {
    lost = true;
    news = socket.poll();
  }
  return news;
}

}  // namespace

Result<Events> Events::open() {
  OVERLAY_TRY(Socket listening, Socket::open(NETLINK_ROUTE));
  OVERLAY_TRY(Socket tables, Socket::open(NETLINK_NETFILTER));
  OVERLAY_TRY(Socket asking, Socket::open(NETLINK_ROUTE));
  for (const unsigned int group :
       {RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
        RTNLGRP_IPV6_ROUTE, RTNLGRP_NEXTHOP, RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF}) {
    OVERLAY_CHECK(listening.join(group));
  }
  OVERLAY_CHECK(tables.join(NFNLGRP_NFTABLES));
  Events out(std::move(listening), std::move(tables), std::move(asking));
  OVERLAY_CHECK(out.find_indices());
  return out;
}

Status Events::find_indices() {
  for (const Device device : plan::devices) {
    OVERLAY_TRY(const auto found, find_link(asking_, device));
    indices_.set(device, found ? found->index : 0);
  }
  return {};
}

Result<bool> Events::drain(const plan::Objects& made) {
  OVERLAY_TRY(bool out, drain_tables());
  bool lost = false;
  OVERLAY_TRY(const auto news, read_all(listening_, lost));
  if (lost) OVERLAY_CHECK(find_indices());
  for (const Reply& each : news) out = concerns_us(each, made) || out;
  return out || lost;
}

Result<bool> Events::drain_tables() {
  bool changed = false;
  OVERLAY_TRY(const auto news, read_all(tables_, changed));
  for (const Reply& each : news) {
    const bool ours = is_of_our_table(each);
    changed = changed || ours;
    others_changed_ = others_changed_ || (!ours && is_of_a_firewall(each));
  }
  table_changed_ = table_changed_ || changed;
  return changed;
}

void Events::skip_own_table() {
  const bool before = table_changed_;
  ignore_error(drain_tables(), "the next drain() tells it");
  table_changed_ = before;
}

/// Whether what the news tell of is not as it was made: gone, not wanted, or another.
bool Events::differs(const Reply& news, const plan::Objects& made) const {
  const auto object = read_object(news, indices_);
  if (!object) return true;  // of ours, and in no form that we give it
  const bool gone =
      news.type() == RTM_DELROUTE || news.type() == RTM_DELNEIGH || news.type() == RTM_DELNEXTHOP;
  return gone ? made.know(*object) : !made.hold(*object);
}

bool Events::concerns_us(const Reply& news, const plan::Objects& made) {
  switch (news.type()) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return link_concerns_us(news);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return address_concerns_us(news);
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      return neighbour_concerns_us(news) && differs(news, made);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return is_default_route(news) || route_concerns_us(news, made);
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      return nexthop_concerns_us(news) && differs(news, made);
    case RTM_NEWNETCONF:
      return forwarding_concerns_us(news);
    default:
      return false;
  }
}

/// Also one of somebody else's that has taken the place of ours, or has left it.
bool Events::route_concerns_us(const Reply& news, const plan::Objects& made) const {
  if (is_our_route(news)) return differs(news, made);
  const auto header = news.header<rtmsg>();
  const Family family = header && header->rtm_family == AF_INET6 ? Family::v6 : Family::v4;
  const auto destination = destination_of(news.as(RTM_NEWROUTE), family);
  const std::uint32_t metric = news.attributes<rtmsg>().u32(RTA_PRIORITY).value_or(0);
  return destination && made.know(plan::Route{.destination = *destination, .metric = metric});
}

bool Events::link_concerns_us(const Reply& news) {
  const auto header = news.header<ifinfomsg>();
  if (!header || header->ifi_family == AF_BRIDGE) return false;  // a bridge's ports come and go with pods
  const Attributes attributes = news.attributes<ifinfomsg>();
  if (indices_.at(header->ifi_index) && news.type() == RTM_NEWLINK) return true;  // whatever its name is now
  const std::string device = attributes.string(IFLA_IFNAME).value_or("");
  for (const Device ours : plan::devices) {
    if (device != name(ours)) continue;
    indices_.set(ours, news.type() == RTM_NEWLINK ? header->ifi_index : 0);
    return true;
  }
  // A pod's, which the plugin makes in several steps; a port that is taken away loses its neighbour entry
  // too.
  if (is_host_interface(device)) {
    if (news.type() == RTM_DELLINK) gone_ports_.push_back(header->ifi_index);
    return false;
  }
  const auto master = attributes.u32(IFLA_MASTER);
  return !master || indices_.at(static_cast<int>(*master)) != Device::bridge;
}

bool Events::neighbour_concerns_us(const Reply& news) const {
  const auto header = news.header<ndmsg>();
  if (!header) return false;
  if (!indices_.at(header->ndm_ifindex)) {
    // A port of the bridge: what its pod is reached by, if it is gone.
    const auto bridge = static_cast<std::uint32_t>(indices_.of(Device::bridge));
    return bridge != 0 && news.type() == RTM_DELNEIGH && news.attributes<ndmsg>().u32(NDA_MASTER) == bridge;
  }
  if (indices_.at(header->ndm_ifindex) == Device::vxlan && is_second_telling(news)) return false;
  // What the kernel learns by itself about pods is its own affair.
  return (header->ndm_state & NUD_PERMANENT) != 0 || news.type() == RTM_DELNEIGH;
}

/// Forwarding, and what else this group tells of, of all devices or of one of ours.
bool Events::forwarding_concerns_us(const Reply& news) const {
  const auto index = static_cast<int>(news.attributes<netconfmsg>().u32(NETCONFA_IFINDEX).value_or(0));
  return index == NETCONFA_IFINDEX_ALL || indices_.at(index);
}

bool Events::address_concerns_us(const Reply& news) const {
  const auto header = news.header<ifaddrmsg>();
  if (!header) return false;
  return header->ifa_scope == RT_SCOPE_UNIVERSE || indices_.at(static_cast<int>(header->ifa_index));
}

}  // namespace overlay::kernel
