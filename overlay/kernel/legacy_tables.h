// SPDX-License-Identifier: Apache-2.0
// The `filter` tables of iptables-legacy, which nftables does not list.
#pragma once

#include <cstdint>
#include <vector>

#include "overlay/plan/obstacles.h"

namespace overlay::kernel {

/// Their chains INPUT and FORWARD that drop what no rule accepts; none where nobody has used iptables-legacy
/// (the kernel is not made to load it).
std::vector<plan::ForeignChain> legacy_chains(std::uint16_t vxlan_port);

}  // namespace overlay::kernel
