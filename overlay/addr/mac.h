// SPDX-License-Identifier: Apache-2.0
// Ethernet addresses, and the ones this system derives instead of storing.
#pragma once

#include "overlay/addr/ip.h"
#include "overlay/base/bytes.h"

namespace overlay {

struct MacTag {
  static constexpr const char* name = "MAC address";
};
/// Six bytes in the order they travel.
using Mac = FixedBytes<MacTag, 6>;

/// "02:1a:…", lower case.
std::string text(const Mac& mac);
[[nodiscard]] Result<Mac> parse_mac(std::string_view text);

/// The VTEP's MAC: locally administered unicast, 46 bits of the node id, the same after every reboot.
Mac vtep_mac(const NodeId& node);
/// The bridge's MAC: as above with another prefix, so that it never equals the VTEP's.
Mac bridge_mac(const NodeId& node);
/// A pod's MAC, from its address: 0a:58 and the IPv4 address, or 0a:5a and 32 bits of a hash of the IPv6 one.
Mac pod_mac(const Ip& address);

/// Where a node answers inside its tunnels, whichever blocks it has: fe80:: and half of its id.
Ip tunnel_address(const NodeId& node);

/// The VXLAN network identifier of a cluster: 24 bits of its id, at least 0x100000, clear of hand-picked
/// ones.
std::uint32_t vni_of(const ClusterId& cluster);

}  // namespace overlay
