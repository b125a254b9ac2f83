// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/inspection.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <set>

#include "cni-shim/pod_link.h"

namespace overlay::cni {
namespace {

using kernel::Message;
using kernel::Reply;
using kernel::Socket;

Result<std::set<Ip>> addresses_of(Socket& pod, const Link& link) {
  ifaddrmsg header{};
  header.ifa_index = link.index;
  OVERLAY_TRY(const auto replies, pod.dump(Message(RTM_GETADDR, 0, header)));
  std::set<Ip> out;
  for (const Reply& reply : replies) {
    if (const auto address = reply.attributes<ifaddrmsg>().ip(IFA_ADDRESS)) out.insert(*address);
  }
  return out;
}

/// Destinations routed through `link` by the gateway of their family.
Result<std::set<Prefix>> routes_of(Socket& pod, const Link& link, Family family) {
  rtmsg header{};
  header.rtm_family = family == Family::v4 ? AF_INET : AF_INET6;
  header.rtm_table = RT_TABLE_MAIN;
  OVERLAY_TRY(const auto replies, pod.dump(Message(RTM_GETROUTE, 0, header)));
  const Ip any = family == Family::v4 ? Ip::v4(0) : Ip::v6({});
  std::set<Prefix> out;
  for (const Reply& reply : replies) {
    const auto attributes = reply.attributes<rtmsg>();
    if (attributes.u32(RTA_OIF) != link.index || attributes.ip(RTA_GATEWAY) != gateway(family)) continue;
    out.insert(Prefix::around(attributes.ip(RTA_DST).value_or(any), reply.header<rtmsg>()->rtm_dst_len));
  }
  return out;
}

class Inspection {
 public:
  Inspection(Socket& host, Socket& pod, const Attachment& attachment, const Lease& lease,
             const Attached& expected)
      : host_(host), pod_(pod), attachment_(attachment), lease_(lease), expected_(expected) {}

  /// The addresses of the lease are those the runtime was told.
  void compare_lease() {
    for (const Ip& address : lease_.addresses) {
      const bool told = std::any_of(expected_.addresses.begin(), expected_.addresses.end(),
                                    [&](const auto& one) { return one.prefix == Prefix::host(address); });
      if (!told) complain("overlayd leases " + address.text() + ", which prevResult lacks");
    }
  }

  Status compare_host(const std::string& bridge_name) {
    const std::string name = host_interface(attachment_);
    OVERLAY_TRY(const auto link, find_link(host_, name));
    OVERLAY_TRY(const auto bridge, find_link(host_, bridge_name));
    if (!link) {
      complain("the host's interface " + name + " is missing");
      return {};
    }
    if (!bridge || link->master != bridge->index) complain(name + " is no port of the bridge " + bridge_name);
    if (!link->up) complain(name + " is down");
    return {};
  }

  Status compare_pod() {
    OVERLAY_TRY(const auto link, find_link(pod_, attachment_.interface));
    if (!link) {
      complain("the container's interface " + attachment_.interface + " is missing");
      return {};
    }
    if (!link->up) complain(attachment_.interface + " is down");
    if (told_of_mac(*link)) complain(attachment_.interface + " has the MAC address " + text(link->mac));
    OVERLAY_TRY(const auto present, addresses_of(pod_, *link));
    for (const Ip& address : lease_.addresses) {
      if (!present.contains(address))
        complain(attachment_.interface + " lacks the address " + address.text());
      OVERLAY_CHECK(compare_routes(*link, address.family()));
    }
    return {};
  }

  std::vector<std::string> take_complaints() { return std::move(complaints_); }

 private:
  void complain(std::string text) { complaints_.push_back(std::move(text)); }

  /// True when prevResult says another MAC address than `link` has (a chained plugin may have changed both).
  bool told_of_mac(const Link& link) const {
    return std::any_of(expected_.interfaces.begin(), expected_.interfaces.end(), [&](const auto& one) {
      return one.name == attachment_.interface && !one.sandbox.empty() && !one.mac.empty() &&
             one.mac != text(link.mac);
    });
  }

  Status compare_routes(const Link& link, Family family) {
    OVERLAY_TRY(const auto present, routes_of(pod_, link, family));
    for (const Attached::Route& route : expected_.routes) {
      if (route.gateway != gateway(family) || present.contains(route.destination)) continue;
      complain(attachment_.interface + " lacks the route to " + route.destination.text());
    }
    return {};
  }

  Socket& host_;
  Socket& pod_;
  const Attachment& attachment_;
  const Lease& lease_;
  const Attached& expected_;
  std::vector<std::string> complaints_;
};

}  // namespace

Result<std::vector<std::string>> inspect(Socket& host, Socket& pod, const Attachment& attachment,
                                         const std::string& bridge, const Lease& lease,
                                         const Attached& expected) {
  Inspection inspection(host, pod, attachment, lease, expected);
  inspection.compare_lease();
  OVERLAY_CHECK(inspection.compare_host(bridge));
  OVERLAY_CHECK(inspection.compare_pod());
  return inspection.take_complaints();
}

}  // namespace overlay::cni
