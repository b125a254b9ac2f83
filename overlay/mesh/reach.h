// SPDX-License-Identifier: Apache-2.0
// Reachability is computed, not voted: X is reachable when a path of links confirmed by both ends leads to
// it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "overlay/base/bytes.h"

namespace overlay::mesh {

/// Who says to be linked with whom.
using LinkState = std::map<NodeId, std::vector<NodeId>>;

class Reach {
 public:
  Reach() = default;
  /// Breadth first from `self`, whose links are `direct`; an edge between two others counts when both list
  /// it.
  Reach(const NodeId& self, const std::set<NodeId>& direct, const LinkState& links);

  bool reaches(const NodeId& node) const { return first_hop_.contains(node); }
  /// The neighbour on a shortest way to `node`.
  std::optional<NodeId> first_hop(const NodeId& node) const;
  /// All that are reachable, without self.
  std::set<NodeId> all() const;

 private:
  std::map<NodeId, NodeId> first_hop_;
};

}  // namespace overlay::mesh
