// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/commands.h"

#include <linux/rtnetlink.h>
#include <unistd.h>

#include "cni-shim/attachment.h"
#include "cni-shim/daemon_client.h"
#include "cni-shim/del_queue.h"
#include "cni-shim/inspection.h"
#include "cni-shim/netns.h"
#include "cni-shim/pod_link.h"
#include "cni-shim/wishes.h"

namespace overlay::cni {
namespace {

using kernel::Socket;

Attachment attachment_of(const Environment& environment, const NetConf& conf) {
  return {conf.name, environment.container, environment.interface};
}

/// `freed` is what overlayd said to the deletion; with overlayd away, it frees the lease once it is back.
Status settle(const Status& freed, const Attachment& attachment, const NetConf& conf) {
  const DelQueue queue(conf.socket);
  if (freed) {
    queue.remove(attachment);
    return {};
  }
  if (freed.error().code != Errc::unavailable && freed.error().code != Errc::io) return freed;
  return queue.add(attachment);
}

Status release(const Attachment& attachment, const NetConf& conf) {
  return settle(DaemonClient(conf.socket).del(attachment), attachment, conf);
}

/// A note to free this attachment is of its earlier life, and goes before overlayd could read it as of this
/// one. On Errc::io nobody knows whether overlayd leased something, so it is given back.
Outcome<Lease> lease_addresses(const Attachment& attachment, const NetConf& conf, const Wishes& wishes,
                               const DaemonClient::Meanwhile& meanwhile) {
  const bool noted = DelQueue(conf.socket).remove(attachment);
  auto lease = DaemonClient(conf.socket).add(attachment, wishes, meanwhile);
  if (lease) return *lease;
  if (noted || lease.error().code == Errc::io) {
    ignore_error(release(attachment, conf),
                 "the failed ADD is the error to tell; the runtime sends a DEL after it");
  }
  if (lease.error().code == Errc::io) return CniError(Code::try_again, lease.error().text);
  return CniError(lease.error());
}

struct Paired {
  Lease lease;
  Status made;  // the pair
};

/// Both at once, for each takes its time: overlayd's is the disk's, the pair's the kernel's. What has the
/// name of the host's end already belongs to an earlier life of this attachment, which is over when there is
/// a lease.
Outcome<Paired> lease_and_pair(Socket& host, const PodLink& link, const Attachment& attachment,
                               const NetConf& conf, const Wishes& wishes) {
  std::optional<Status> made;  // not tried where overlayd was not reached
  const auto make = [&] { made = make_pair(host, link); };
  const auto lease = lease_addresses(attachment, conf, wishes, make);
  if (!lease) {
    if (made && *made)
      ignore_error(remove_link(host, link.host_interface), "the refusal is the error to tell");
    return lease.error();
  }
  if (!*made && made->error().code == Errc::exists) {
    made = remove_link(host, link.host_interface);
    if (*made) make();
  }
  return Paired{*lease, *std::move(made)};
}

Attached result_of(const Environment& environment, const PodLink& link, const Lease& lease, std::uint32_t mtu,
                   const MadePodLink& made) {
  Attached out;
  out.interfaces.push_back({link.host_interface, text(made.host_mac), mtu, {}});
  out.interfaces.push_back({link.interface, text(lease.mac), mtu, environment.netns});
  for (const Ip& address : lease.addresses) {
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
  ::alarm(add_seconds_max);
  OVERLAY_TRY(Wishes wishes, wishes_of(environment, conf));
  OVERLAY_TRY(const Netns netns, Netns::open(environment.netns));
  OVERLAY_TRY(Socket host, Socket::open(NETLINK_ROUTE));
  OVERLAY_TRY(auto pod, netns.look_inside());
  OVERLAY_TRY(const auto present, find_link(pod.socket, environment.interface));
  if (present) {
    return CniError(Code::exists, "interface " + environment.interface + " exists in " + environment.netns +
                                      " already: a DEL must come before another ADD");
  }
  const Attachment attachment = attachment_of(environment, conf);
  wishes.without_ipv6 = !pod.has_ipv6;
  OVERLAY_TRY(const Link bridge, require_bridge(host, conf.bridge));
  const PodLink link{host_interface(attachment), environment.interface, bridge, netns.fd()};
  OVERLAY_TRY(const Paired paired, lease_and_pair(host, link, attachment, conf, wishes));
  const std::uint32_t mtu = conf.mtu != 0 ? std::min(conf.mtu, paired.lease.mtu) : paired.lease.mtu;
  const auto made = paired.made ? set_up(host, pod.socket, link, paired.lease, mtu) : paired.made.error();
  if (!made) {
    ignore_error(remove_link(host, link.host_interface), "the first failure is the one to tell");
    ignore_error(release(attachment, conf), "the first failure is the one to tell");
    return CniError(made.error());
  }
  return result_of(environment, link, paired.lease, mtu, *made);
}

/// overlayd takes the interface away before it frees the lease, and need not wait for the kernel's answer;
/// what it did not take away is taken away here.
Outcome<void> del(const Environment& environment, const NetConf& conf) {
  OVERLAY_TRY(Socket host, Socket::open(NETLINK_ROUTE));
  const Attachment attachment = attachment_of(environment, conf);
  const Status freed = DaemonClient(conf.socket).del(attachment);
  OVERLAY_CHECK(remove_link(host, host_interface(attachment)));
  OVERLAY_CHECK(settle(freed, attachment, conf));
  return {};
}

Outcome<void> check(const Environment& environment, const NetConf& conf) {
  OVERLAY_TRY(const auto previous, prev_result(conf));
  if (!previous) return CniError(Code::bad_config, "\"prevResult\" is missing: CHECK compares with it");
  OVERLAY_TRY(const Attached expected, parse_result(*previous));
  OVERLAY_TRY(const Netns netns, Netns::open(environment.netns));
  OVERLAY_TRY(Socket host, Socket::open(NETLINK_ROUTE));
  OVERLAY_TRY(auto pod, netns.look_inside());
  const Attachment attachment = attachment_of(environment, conf);
  const auto lease = DaemonClient(conf.socket).check(attachment);
  if (!lease && lease.error().code == Errc::not_found) {
    OVERLAY_TRY(const auto port, find_link(host, host_interface(attachment)));
    return CniError(port ? Code::differs : Code::unknown_container, lease.error().text);
  }
  if (!lease) return CniError(lease.error());
  OVERLAY_TRY(const auto complaints, inspect(host, pod.socket, attachment, conf.bridge, *lease, expected));
  if (!complaints.empty()) return CniError(Code::differs, join(complaints, ", "));
  return {};
}

Outcome<void> gc(const NetConf& conf) {
  OVERLAY_TRY(const auto valid, valid_attachments(conf));
  const DaemonClient daemon(conf.socket);
  OVERLAY_TRY(const auto present, daemon.attachments());
  std::vector<std::string> stale;
  for (const Attachment& attachment : present) {
    if (attachment.network == conf.name && !valid.contains(attachment))
      stale.push_back(host_interface(attachment));
  }
  OVERLAY_TRY(Socket host, Socket::open(NETLINK_ROUTE));
  OVERLAY_CHECK(remove_links(host, stale));
  OVERLAY_CHECK(daemon.collect(conf.name, valid));
  return {};
}

Outcome<void> status(const NetConf& conf) {
  OVERLAY_TRY(Socket host, Socket::open(NETLINK_ROUTE));
  OVERLAY_TRY(const auto bridge, find_link(host, conf.bridge));
  const bool cut_off = !bridge || !bridge->up;
  const std::string broken = "the bridge " + conf.bridge + (bridge ? " is down" : " is missing");
  const auto readiness = DaemonClient(conf.socket).readiness();
  if (!readiness) {
    if (!cut_off) return CniError(Code::not_available, readiness.error().text);
    return CniError(Code::impaired, readiness.error().text + "; and " + broken);
  }
  if (!readiness->kernel_alarm.empty())
    return CniError(Code::impaired, "the kernel: " + readiness->kernel_alarm);
  if (!readiness->ready) {
    return CniError(Code::not_available,
                    "overlayd is not ready: it waits for " + join(readiness->waiting_for, ", "));
  }
  if (cut_off) return CniError(Code::impaired, broken + ", and overlayd has not repaired it yet");
  return {};
}

Outcome<std::string> run(const Environment& environment, const std::string& input) {
  if (environment.command == Command::version) return version_answer(input);
  OVERLAY_TRY(const NetConf conf, parse_netconf(input));
  OVERLAY_CHECK(check_version_has(environment.command, conf));
  switch (environment.command) {
    case Command::add: {
      OVERLAY_TRY(const auto earlier, prev_result(conf));
      OVERLAY_TRY(const Attached attached, add(environment, conf));
      return boost::json::serialize(to_json(attached, conf.version, earlier.value_or(boost::json::object())));
    }
    case Command::del:
      OVERLAY_CHECK(del(environment, conf));
      break;
    case Command::check:
      OVERLAY_CHECK(check(environment, conf));
      break;
    case Command::gc:
      OVERLAY_CHECK(gc(conf));
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
