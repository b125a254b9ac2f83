// SPDX-License-Identifier: Apache-2.0
// Where Kubernetes chooses the blocks of the nodes (consensus::Ipam::kubernetes): each node asks for the
// podCIDRs of its Node, and the voters grant those and no others. What a block is, whose it is and when it is
// in force is as everywhere; only who chooses is another.
#pragma once

#include <optional>
#include <string>

#include "overlay/node/context.h"

namespace overlay::node {

/// The block this node is to have; none where any will do, or before one is known.
std::optional<Prefix> named_block(const Context& context, Family family);

/// Errc::invalid with the cure when this prefix can be no block of the cluster.
[[nodiscard]] Status check_is_block(const Context& context, const Prefix& prefix);

/// For what a node without a block of this family waits, before it can ask for one; empty: for nothing.
std::string waits_for_name(const Context& context, Family family);

/// A voter's view: whether `owner` can be granted this block, given all that is claimed. What is in
/// quarantine can: its last owner is removed, and Kubernetes says whose it is now.
[[nodiscard]] Status check_is_free(const Context& context, const ipam::BlockMap& claims, const NodeId& owner,
                                   const Prefix& block);

}  // namespace overlay::node
