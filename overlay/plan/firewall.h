// SPDX-License-Identifier: Apache-2.0
// The nftables table `inet overlay`, as text in nft's language.
#pragma once

#include "overlay/plan/intent.h"
#include "overlay/plan/objects.h"

namespace overlay::plan {

/// Three promises:
///  - VXLAN packets of our VNI reach this host from members' underlay addresses only, and never from a pod;
///  - VXLAN between members is not tracked (each flow would fill the connection table with half-seen
///  entries); or, encrypted, no packet of the pools' enters or leaves this host but by WireGuard, whatever
///  becomes of the routes;
///  - pods leaving the pools take this host's address, except towards `no_masquerade`,
///    and except pods that asked to keep their own (`Pod::masquerade`).
/// TCP of pods makes its segments no larger than the path carries, whatever the pods believe. No ICMP
/// redirect ever tells a pod to reach its neighbour directly: it cannot. And where it is wished for, the sets
/// `traffic4` and `traffic6` hold the blocks that pods have sent to within ten seconds.
Firewall firewall(const Intent& intent);

/// Calls `use` with each address that this peer sends VXLAN from: the elements of the set `members`, which
/// changes element by element; the rules are made anew only when they differ.
template <class Use>
void for_each_address(const Peer& peer, Use use) {
  use(peer.underlay);
  for (const Ip& address : peer.also) {
    if (address != peer.underlay) use(address);
  }
}

/// Replaces the whole table in one transaction, members included.
std::string firewall_replacement(const Firewall& firewall);

/// The empty chain whose name carries the digest: there when, and only when, that ruleset is in force.
std::string marker_chain(const Firewall& firewall);

/// Removes the table, whether it is there or not.
std::string firewall_removal();

}  // namespace overlay::plan
