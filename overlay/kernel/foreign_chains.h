// SPDX-License-Identifier: Apache-2.0
// Other firewalls of this host: their base chains that our packets pass, and the one rule that overlayd adds
// to them when it is told to (--open-forward).
#pragma once

#include <vector>

#include "overlay/kernel/netlink.h"
#include "overlay/kernel/nft.h"
#include "overlay/kernel/rule_names.h"
#include "overlay/plan/obstacles.h"

namespace overlay::kernel {

/// All of nftables, iptables-nft's among them, and of iptables-legacy. `socket` is one of NETLINK_NETFILTER.
[[nodiscard]] Result<std::vector<plan::ForeignChain>> foreign_chains(Socket& socket, const Marks& marks);

/// Has this chain, of nftables and of the forward hook, begin with a rule that jumps to a chain of ours in
/// the same table, where what goes in or out by overlay0 is accepted. The rule's comment says whose it is.
[[nodiscard]] Status open_forward(Nft& nft, const plan::ForeignChain& chain);
/// Takes every such rule and chain away; success when there are none.
[[nodiscard]] Status close_forward(Socket& socket, Nft& nft);

}  // namespace overlay::kernel
