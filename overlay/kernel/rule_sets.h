// SPDX-License-Identifier: Apache-2.0
// What the sets of nftables hold of the overlay, by which rules of others accept packets.
#pragma once

#include <vector>

#include "overlay/kernel/rule_names.h"

namespace overlay::kernel {

/// Adds what one set names, whose elements (NFT_MSG_NEWSETELEM) are these. `intervals`: they are where
/// intervals begin and end.
void read_elements(const std::vector<Reply>& elements, const Lookup& lookup, bool intervals,
                   const Marks& marks, Names& out);

}  // namespace overlay::kernel
