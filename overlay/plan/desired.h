// SPDX-License-Identifier: Apache-2.0
// From what this node wants to the kernel objects that make it so.
//
//   pod -> overlay0 -> route BLOCK by nexthop N -> gateway handle of the peer, on overlay.vx
//       -> neighbour: handle is at the peer's VTEP MAC -> FDB: that MAC is at the peer's underlay address
//
// Encrypted: ... nexthop N -> overlay.wg -> the WireGuard peer that is allowed BLOCK -> its endpoint
#pragma once

#include "overlay/plan/intent.h"
#include "overlay/plan/objects.h"

namespace overlay::plan {

/// The gateway pods use, one for all hosts: 169.254.1.1 or fe80::1.
Ip pod_gateway(Family family);

/// A name for peer `index` (1..65535) where the kernel wants a gateway address. It means nothing outside this
/// host and is never sent. IPv4: 169.254.x.y with x.y the index, except for the two of those that are taken
/// (the pods' gateway, and the broadcast address), which are in 192.0.0.0/24 (RFC 6890: never routed).
/// IPv6: in fe80::/64.
Ip gateway_handle(std::uint32_t index, Family family);

/// The device by which packets leave for other hosts.
Device tunnel(const Intent& intent);

/// Everything the kernel should hold. Pure: the same intent gives the same objects. A peer whose underlay
/// address is of another family than ours has none: one VXLAN device carries one family. Of two claims to one
/// thing, a block or an address, one is kept; `contested` tells.
Objects desired(const Intent& intent, bool* contested = nullptr);

/// The part of it that some peers cause; of `intent` its own peers are not read.
Objects desired_of_peers(const Intent& intent, const std::vector<Peer>& peers);

/// What is left of `underlay` bytes for pods: less outer IP (20 or 40), UDP, VXLAN and the inner Ethernet
/// header, or WireGuard's header and tag; 0 when nothing is.
std::uint32_t overlay_mtu(std::uint32_t underlay_mtu, Family underlay_family, bool encrypted);

}  // namespace overlay::plan
