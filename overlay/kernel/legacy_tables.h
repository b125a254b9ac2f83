// SPDX-License-Identifier: Apache-2.0
// The `filter` tables of iptables-legacy, which nftables does not list.
#pragma once

#include <vector>

#include "overlay/kernel/rule_names.h"
#include "overlay/plan/obstacles.h"

namespace overlay::kernel {

/// Their chains INPUT and FORWARD that drop what no rule accepts; none where nobody has used iptables-legacy
/// (the kernel is not made to load it).
std::vector<plan::ForeignChain> legacy_chains(const Marks& marks);

}  // namespace overlay::kernel
