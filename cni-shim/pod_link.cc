// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/pod_link.h"

#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <algorithm>

#include "overlay/kernel/bridge_port.h"

namespace overlay::cni {
namespace {

using kernel::Message;
using kernel::Socket;

constexpr int loopback_index = 1;  // in every namespace
constexpr int create = NLM_F_CREATE | NLM_F_EXCL;
constexpr std::uint32_t doomed_group = 0x6f766c79;  // "ovly": no interface stays in it
constexpr std::uint8_t addr_gen_mode_none = 1;      // IN6_ADDR_GEN_MODE_NONE

std::uint8_t kernel_family(Family family) { return family == Family::v4 ? AF_INET : AF_INET6; }
int index_of(const Link& link) { return static_cast<int>(link.index); }

/// Requests for one send, each with the words its failure is told in.
class Steps {
 public:
  void add(std::string what, Message message) {
    what_.push_back(std::move(what));
    messages_.push_back(std::move(message));
  }
  /// The first failure, if any, of another kind than `fine`.
  Status run(Socket& socket, std::optional<Errc> fine = std::nullopt) {
    const std::vector<Status> outcomes = socket.batch(messages_);
    const auto failed = std::find_if(outcomes.begin(), outcomes.end(),
                                     [fine](const Status& one) { return !one && one.error().code != fine; });
    if (failed == outcomes.end()) return {};
    return with_context("cannot " + what_[static_cast<std::size_t>(failed - outcomes.begin())],
                        failed->error());
  }

 private:
  std::vector<std::string> what_;
  std::vector<Message> messages_;
};

ifinfomsg link_header(int index, unsigned int flags) {
  ifinfomsg out{};
  out.ifi_index = index;
  out.ifi_flags = flags;
  out.ifi_change = flags;
  return out;
}

// ---- the host's side ----

Result<Link> require_link(Socket& socket, const std::string& name) {
  OVERLAY_TRY(const auto link, find_link(socket, name));
  if (!link) return fail(Errc::not_found, "interface " + name + " vanished while it was set up");
  return *link;
}

/// The host's end, a port of the bridge, and the pod's addresses behind it.
Result<Link> set_up_port(Socket& host, const PodLink& wanted, const Lease& lease, std::uint32_t mtu) {
  OVERLAY_TRY(const Link port, require_link(host, wanted.host_interface));
  Message isolated = kernel::isolate_port(wanted.host_interface);
  isolated.u32(IFLA_MTU, mtu);
  Steps steps;
  steps.add("isolate the bridge port " + wanted.host_interface, std::move(isolated));
  steps.add("give the bridge the pod's MAC", kernel::static_entry(index_of(port), lease.mac));
  for (const Ip& address : lease.addresses) {
    steps.add("tell the host the pod's MAC",
              kernel::permanent_neighbour(index_of(wanted.bridge), address, lease.mac));
  }
  OVERLAY_CHECK(steps.run(host));
  return port;
}

// ---- the pod's side ----

/// Without IPv6 addresses of its own making: one made here needs no duplicate address detection, so nothing
/// waits.
Message without_generated_addresses(const Link& link) {
  Message out(RTM_NEWLINK, 0, link_header(index_of(link), 0));
  out.begin(IFLA_AF_SPEC).begin(AF_INET6).u8(IFLA_INET6_ADDR_GEN_MODE, addr_gen_mode_none).end().end();
  return out;
}

Message host_address(const Link& link, const Ip& address, std::uint8_t scope) {
  ifaddrmsg header{};
  header.ifa_family = kernel_family(address.family());
  header.ifa_prefixlen = static_cast<std::uint8_t>(address.bits());
  header.ifa_flags = address.is_v4() ? 0 : IFA_F_NODAD;
  header.ifa_scope = scope;
  header.ifa_index = link.index;
  Message out(RTM_NEWADDR, create, header);
  out.ip(IFA_LOCAL, address).ip(IFA_ADDRESS, address);
  return out;
}

/// Its MAC and MTU are known only now that the lease is.
Message pods_end_up(const Link& link, const Lease& lease, std::uint32_t mtu) {
  Message out(RTM_NEWLINK, 0, link_header(index_of(link), IFF_UP));
  out.mac(IFLA_ADDRESS, lease.mac).u32(IFLA_MTU, mtu);
  return out;
}

/// fe80:: and the MAC (RFC 4291, appendix A): IPv6 wants every interface to have one.
Ip link_local_address(const Mac& mac) {
  const auto& b = mac.bytes;
  return Ip::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(b[0] ^ 2), b[1], b[2], 0xff, 0xfe,
                 b[3], b[4], b[5]});
}

Status set_up_pod(Socket& pod, const Link& link, const Lease& lease, std::uint32_t mtu) {
  Steps steps;
  const bool has_v6 = std::any_of(lease.addresses.begin(), lease.addresses.end(),
                                  [](const Ip& address) { return !address.is_v4(); });
  if (has_v6) steps.add("choose the pod's IPv6 addresses", without_generated_addresses(link));
  steps.add("set the pod's loopback up", Message(RTM_NEWLINK, 0, link_header(loopback_index, IFF_UP)));
  steps.add("set the pod's interface up", pods_end_up(link, lease, mtu));
  if (has_v6) {
    steps.add("give the pod a link-local address",
              host_address(link, link_local_address(lease.mac), RT_SCOPE_LINK));
  }
  for (const Ip& address : lease.addresses) {
    const Ip via = gateway(address.family());
    steps.add("give the pod its address " + address.text(), host_address(link, address, RT_SCOPE_UNIVERSE));
    steps.add("tell the pod its gateway's MAC",
              kernel::permanent_neighbour(index_of(link), via, lease.gateway_mac));
  }
  return steps.run(pod);
}

Message gateway_route(const Link& link, const Prefix& destination) {
  rtmsg header{};
  header.rtm_family = kernel_family(destination.family());
  header.rtm_dst_len = static_cast<std::uint8_t>(destination.length());
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  header.rtm_flags = RTNH_F_ONLINK;
  Message out(RTM_NEWROUTE, create, header);
  if (destination.length() > 0) out.ip(RTA_DST, destination.address());
  out.ip(RTA_GATEWAY, gateway(destination.family())).u32(RTA_OIF, link.index);
  return out;
}

/// The default route, or where another network of this pod has taken that, routes to the pools.
Status add_routes(Socket& pod, const Link& link, const Lease& lease, Family family,
                  std::vector<Prefix>& made) {
  const Prefix everything = Prefix::around(family == Family::v4 ? Ip::v4(0) : Ip::v6({}), 0);
  const Status added = pod.request(gateway_route(link, everything));
  if (added) {
    made.push_back(everything);
    return {};
  }
  if (added.error().code != Errc::exists) return with_context("cannot add the default route", added.error());
  for (const Prefix& pool : lease.pools) {
    if (pool.family() != family) continue;
    if (const Status one = pod.request(gateway_route(link, pool)); !one) {
      return with_context("cannot add a route to " + pool.text(), one.error());
    }
    made.push_back(pool);
  }
  return {};
}

}  // namespace

Ip gateway(Family family) {
  if (family == Family::v4) return Ip::v4(0xa9fe0101);
  return Ip::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

Result<std::optional<Link>> find_link(Socket& socket, const std::string& name) {
  Message question(RTM_GETLINK, 0, ifinfomsg{});
  question.string(IFLA_IFNAME, name).u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  const auto answer = socket.get(question);
  if (!answer && answer.error().code == Errc::not_found) return std::optional<Link>();
  if (!answer) return with_context("cannot look for interface " + name, answer.error());
  const auto header = answer->header<ifinfomsg>();
  if (!header) return fail(Errc::io, "the kernel's answer about interface " + name + " is cut short");
  const auto attributes = answer->attributes<ifinfomsg>();
  return std::optional(Link{static_cast<std::uint32_t>(header->ifi_index),
                            attributes.u32(IFLA_MASTER).value_or(0), attributes.u32(IFLA_MTU).value_or(0),
                            (header->ifi_flags & IFF_UP) != 0, attributes.mac(IFLA_ADDRESS).value_or(Mac{})});
}

Status remove_link(Socket& socket, const std::string& name) {
  Message message(RTM_DELLINK, 0, ifinfomsg{});
  message.string(IFLA_IFNAME, name);
  const Status removed = socket.request(message);
  if (removed || removed.error().code == Errc::not_found) return {};
  return with_context("cannot remove interface " + name, removed.error());
}

Status remove_links(Socket& socket, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  Steps steps;
  for (const std::string& name : names) {
    Message mark(RTM_NEWLINK, 0, ifinfomsg{});
    mark.string(IFLA_IFNAME, name).u32(IFLA_GROUP, doomed_group);
    steps.add("mark interface " + name + " for removal", std::move(mark));
  }
  OVERLAY_CHECK(steps.run(socket, Errc::not_found));
  Message remove(RTM_DELLINK, 0, ifinfomsg{});
  remove.u32(IFLA_GROUP, doomed_group);
  const Status removed = socket.request(remove);
  if (removed || removed.error().code == Errc::not_found) return {};
  return with_context("cannot remove " + std::to_string(names.size()) + " interfaces", removed.error());
}

Result<Link> require_bridge(Socket& host, const std::string& name) {
  OVERLAY_TRY(const auto bridge, find_link(host, name));
  if (bridge) return *bridge;
  return fail(Errc::unavailable,
              "the bridge " + name + " does not exist: overlayd makes it, see 'overlayctl routes --diff'");
}

/// In one message; with the bridge's MTU, which is what most leases will say too.
Status make_pair(Socket& host, const PodLink& wanted) {
  Message pair(RTM_NEWLINK, create, link_header(0, IFF_UP));
  pair.string(IFLA_IFNAME, wanted.host_interface);
  pair.u32(IFLA_MTU, wanted.bridge.mtu).u32(IFLA_MASTER, wanted.bridge.index);
  pair.begin(IFLA_LINKINFO).string(IFLA_INFO_KIND, "veth").begin(IFLA_INFO_DATA);
  pair.begin(VETH_INFO_PEER).raw(ifinfomsg{});
  pair.string(IFLA_IFNAME, wanted.interface).u32(IFLA_MTU, wanted.bridge.mtu);
  pair.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(wanted.pod_netns));
  pair.end().end().end();
  const Status made = host.request(pair);
  if (made) return {};
  return with_context("cannot make the pair " + wanted.host_interface + ", " + wanted.interface,
                      made.error());
}

Result<MadePodLink> set_up(Socket& host, Socket& pod, const PodLink& wanted, const Lease& lease,
                           std::uint32_t mtu) {
  OVERLAY_TRY(const Link port, set_up_port(host, wanted, lease, mtu));
  OVERLAY_TRY(const Link link, require_link(pod, wanted.interface));
  OVERLAY_CHECK(set_up_pod(pod, link, lease, mtu));
  MadePodLink made{port.mac, {}};
  for (const Ip& address : lease.addresses) {
    OVERLAY_CHECK(add_routes(pod, link, lease, address.family(), made.routes));
  }
  return made;
}

}  // namespace overlay::cni
