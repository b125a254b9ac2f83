// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/commands.h"

#include <linux/rtnetlink.h>

#include "cni-shim/attachment.h"
#include "cni-shim/daemon_client.h"
#include "cni-shim/del_queue.h"
#include "cni-shim/inspection.h"
#include "cni-shim/netns.h"
#include "cni-shim/pod_link.h"

namespace overlay::cni {
namespace {

using kernel::Socket;

Attachment attachment_of(const Environment& environment, const NetConf& conf) {
  return {conf.name, environment.container, environment.interface};
}

/// Frees the lease now, or, with overlayd away, once it is back.
Status release(const Attachment& attachment, const NetConf& conf) {
  const DelQueue queue(conf.socket);
  const Status freed = DaemonClient(conf.socket).del(attachment);
  if (freed) {
    queue.remove(attachment);
    return {};
  }
  if (freed.error().code != Errc::unavailable && freed.error().code != Errc::io) return freed;
  return queue.add(attachment);
}

/// On Errc::io nobody knows whether overlayd leased something, so it is given back.
Outcome<Lease> lease_addresses(const Attachment& attachment, const NetConf& conf) {
  auto lease = DaemonClient(conf.socket).add(attachment);
  if (lease) return *lease;
  if (lease.error().code != Errc::io) return CniError(lease.error());
  ignore_error(release(attachment, conf),
               "the lost answer is the error to tell; the runtime sends a DEL after it");
  return CniError(Code::try_again, lease.error().text);
}

Attached result_of(const Environment& environment, const PodLink& link, const MadePodLink& made) {
  Attached out;
  out.interfaces.push_back({link.host_interface, text(made.host_mac), link.mtu, {}});
  out.interfaces.push_back({link.interface, text(link.lease.mac), link.mtu, environment.netns});
  for (const Ip& address : link.lease.addresses) {
    out.addresses.push_back({Prefix::host(address), gateway(address.family()), out.interfaces.size() - 1});
  }
  for (const Prefix& route : made.routes) out.routes.push_back({route, gateway(route.family())});
  return out;
}

std::string join(const std::vector<std::string>& items, std::string_view separator) {
  std::string out;
  for (const std::string& item : items) out.append(out.empty() ? "" : separator).append(item);
  return out;
}

}  // namespace

Outcome<Attached> add(const Environment& environment, const NetConf& conf) {
  OVERLAY_TRY(const Netns netns, Netns::open(environment.netns));
  OVERLAY_TRY(Socket host, Socket::open(NETLINK_ROUTE));
  OVERLAY_TRY(Socket pod, netns.open_socket());
  OVERLAY_TRY(const auto present, find_link(pod, environment.interface));
  if (present) {
    return CniError(Code::exists, "interface " + environment.interface + " exists in " + environment.netns +
                                      " already: a DEL must come before another ADD");
  }
  const Attachment attachment = attachment_of(environment, conf);
  OVERLAY_TRY(const Lease lease, lease_addresses(attachment, conf));
  const std::uint32_t mtu = conf.mtu != 0 ? std::min(conf.mtu, lease.mtu) : lease.mtu;
  const PodLink link{host_interface(attachment), conf.bridge, environment.interface, lease, mtu};
  const auto made = make_pod_link(host, pod, netns.fd(), link);
  if (!made) {
    ignore_error(remove_link(host, link.host_interface), "the first failure is the one to tell");
    ignore_error(release(attachment, conf), "the first failure is the one to tell");
    return CniError(made.error());
  }
  DelQueue(conf.socket).remove(attachment);
  return result_of(environment, link, *made);
}

Outcome<void> del(const Environment& environment, const NetConf& conf) {
  OVERLAY_TRY(Socket host, Socket::open(NETLINK_ROUTE));
  const Attachment attachment = attachment_of(environment, conf);
  OVERLAY_CHECK(remove_link(host, host_interface(attachment)));
  OVERLAY_CHECK(release(attachment, conf));
  return {};
}

Outcome<void> check(const Environment& environment, const NetConf& conf) {
  if (!conf.prev_result)
    return CniError(Code::bad_config, "\"prevResult\" is missing: CHECK compares with it");
  OVERLAY_TRY(const Attached expected, parse_result(*conf.prev_result));
  OVERLAY_TRY(const Netns netns, Netns::open(environment.netns));
  OVERLAY_TRY(Socket host, Socket::open(NETLINK_ROUTE));
  OVERLAY_TRY(Socket pod, netns.open_socket());
  const Attachment attachment = attachment_of(environment, conf);
  const auto lease = DaemonClient(conf.socket).check(attachment);
  if (!lease && lease.error().code == Errc::not_found) return CniError(Code::differs, lease.error().text);
  if (!lease) return CniError(lease.error());
  OVERLAY_TRY(const auto complaints, inspect(host, pod, attachment, conf.bridge, *lease, expected));
  if (!complaints.empty()) return CniError(Code::differs, join(complaints, ", "));
  return {};
}

Outcome<void> status(const NetConf& conf) {
  const auto readiness = DaemonClient(conf.socket).readiness();
  if (!readiness) return CniError(Code::not_available, readiness.error().text);
  if (readiness->ready) return {};
  return CniError(Code::not_available,
                  "overlayd is not ready: it waits for " + join(readiness->waiting_for, ", "));
}

Outcome<std::string> run(const Environment& environment, const std::string& input) {
  if (environment.command == Command::version) return version_answer(input);
  OVERLAY_TRY(const NetConf conf, parse_netconf(input));
  switch (environment.command) {
    case Command::add: {
      OVERLAY_TRY(const Attached attached, add(environment, conf));
      return boost::json::serialize(to_json(attached, conf.version));
    }
    case Command::del:
      OVERLAY_CHECK(del(environment, conf));
      break;
    case Command::check:
      OVERLAY_CHECK(check(environment, conf));
      break;
    case Command::status:
      OVERLAY_CHECK(status(conf));
      break;
    case Command::version:
      break;
  }
  return std::string();
}

}  // namespace overlay::cni
