// SPDX-License-Identifier: Apache-2.0
// A pod's interface in the kernel: a veth pair, one end in the pod, the other an isolated port of the bridge.
//
//   pod:   eth0, /32 and /128 addresses, default route by 169.254.1.1 and fe80::1 (onlink), whose MAC, the
//   bridge's, is
//          a permanent neighbour: the first packet waits for no ARP, and for no duplicate address detection
//   host:  veth…, a port of overlay0; isolated, so that pods of one host reach each other through its routing
//   only; the
//          pod's MAC is a static entry, so nothing is learned and nothing is flooded to it; and its addresses
//          are permanent neighbours on the bridge, so the first packet to the pod waits for nothing either
//
// The pair needs no lease and is what takes the time, so it is made while overlayd leases. overlayd keeps all
// that is the host's as it is here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cni-shim/daemon_answer.h"
#include "overlay/addr/mac.h"
#include "overlay/addr/prefix.h"
#include "overlay/base/result.h"
#include "overlay/kernel/netlink.h"

namespace overlay::cni {

/// 169.254.1.1 or fe80::1: what every pod's default route points at.
Ip gateway(Family family);

/// What RTM_GETLINK tells of a link.
struct Link {
  std::uint32_t index = 0;
  std::uint32_t master = 0;  // index of its bridge, 0: none
  std::uint32_t mtu = 0;     // bytes
  bool up = false;
  Mac mac;
};

/// Nothing when there is no link of that name.
[[nodiscard]] Result<std::optional<Link>> find_link(kernel::Socket& socket, const std::string& name);
/// Fine when there is none. A veth takes its peer along.
[[nodiscard]] Status remove_link(kernel::Socket& socket, const std::string& name);

/// All of them at once, which takes as long as one: the kernel waits for its readers once. Those that are not
/// there are fine.
[[nodiscard]] Status remove_links(kernel::Socket& socket, const std::vector<std::string>& names);

/// Errc::unavailable without one.
[[nodiscard]] Result<Link> require_bridge(kernel::Socket& host, const std::string& name);

/// What to make.
struct PodLink {
  std::string host_interface;
  std::string interface;  // in the pod
  Link bridge;
  int pod_netns = -1;
};

/// What ADD reports of it.
struct MadePodLink {
  Mac host_mac;
  std::vector<Prefix>
      routes;  // by the gateway of their family; defaults, or the pools where a default was there
};

/// Both ends, the host's a port of the bridge; nothing passes yet. Errc::exists when the host's name or the
/// pod's is taken.
[[nodiscard]] Status make_pair(kernel::Socket& host, const PodLink& wanted);

/// All the rest. `host` and `pod` are sockets in the two namespaces. On failure what was made is left for
/// remove_link.
[[nodiscard]] Result<MadePodLink> set_up(kernel::Socket& host, kernel::Socket& pod, const PodLink& wanted,
                                         const Lease& lease, std::uint32_t mtu);

}  // namespace overlay::cni
