// SPDX-License-Identifier: Apache-2.0
// Whom to keep a session with. Everybody in a small cluster; in a large one about eight each, so that control
// traffic per node does not grow with the cluster.
#pragma once

#include <set>
#include <vector>

#include "overlay/base/bytes.h"

namespace overlay::mesh {

/// Up to this many nodes (self included) everyone keeps a session with everyone.
inline constexpr std::size_t full_mesh_nodes = 16;

/// Chosen from `members` (self not among them). Beyond full_mesh_nodes: the two successors of `self` on the
/// ring of `reachable` ids, which keeps the mesh connected, and six by rendezvous hashing, which keeps its
/// diameter short. The same input gives the same answer; sessions that others opened come on top.
std::set<NodeId> choose_neighbours(const NodeId& self, const std::set<NodeId>& members,
                                   const std::set<NodeId>& reachable);

}  // namespace overlay::mesh
