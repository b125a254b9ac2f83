// SPDX-License-Identifier: Apache-2.0
// Reachability is computed, not voted: X is reachable when a path of links confirmed by both ends leads to
// it.
//
// Kept as a tree of shortest paths, and mended where a links record changes instead of built anew: a new link
// can only bring the nodes behind it nearer; a lost one costs its subtree a new look at its borders
// (Ramalingam and Reps, "On the computational complexity of dynamic graph problems", 1996). Nodes are
// numbered; a links record is not copied.
#pragma once

#include <compare>
#include <optional>
#include <set>
#include <vector>

#include "overlay/base/time.h"
#include "overlay/wire/record.h"

namespace overlay::mesh {

class Reach {
 public:
  using Index = std::uint32_t;

  explicit Reach(const NodeId& self);

  /// The nodes this one has links with: no confirmation is needed.
  void set_direct(const std::set<NodeId>& peers);
  /// What a node says of its links; null: nothing any more.
  void set_links(const NodeId& node, wire::RecordRef links);

  bool reaches(const NodeId& node) const;
  /// The neighbour on a shortest way to `node`.
  std::optional<NodeId> first_hop(const NodeId& node) const;
  /// How many are reachable, without self.
  std::size_t count() const { return count_; }

  /// The nodes that have become reachable, or ceased to be, since the last call.
  std::vector<NodeId> take_changes(Time now);
  /// When that last happened to the node; nothing when it never was reachable.
  std::optional<Time> changed_at(const NodeId& node) const;

  /// All nodes ever heard of by number, self first: for choosing among them.
  std::size_t size() const { return nodes_.size(); }
  const NodeId& id(Index index) const { return nodes_[index].id; }
  bool reaches(Index index) const { return nodes_[index].distance != far; }
  /// A node that may have no links yet.
  Index know(const NodeId& node);

 private:
  static constexpr std::uint32_t far = ~std::uint32_t{0};
  static constexpr Index nobody = ~Index{0};
  struct Node {
    NodeId id;
    wire::RecordRef links;
    Index parent = nobody;
    std::uint32_t distance = far;
    Time changed = Time::min();
    bool told = false;     // reachable, as last reported
    bool touched = false;  // is in touched_
  };

  /// A way to a node that is shorter than the one it has.
  struct Step {
    std::uint32_t distance;
    Index to;
    Index from;
    auto operator<=>(const Step&) const = default;
  };

  Index find(wire::NodeHandle handle) const;
  void place(Index index);
  const std::vector<wire::NodeHandle>& links_of(Index index) const;
  bool says(Index from, Index to) const;
  template <class Visit>
  void each_linked(Index at, Visit visit) const;
  bool is_direct(Index index) const;
  void touch(Index index);
  void gained(Index a, Index b);
  void lost(Index a, Index b);
  void mend();
  void spread();

  std::vector<Node> nodes_;
  std::vector<Index> table_;    // open addressing by handle
  std::vector<Index> direct_;   // sorted
  std::vector<Index> orphans_;  // their way is gone
  std::vector<Step> nearer_;    // a heap, the nearest in front
  std::vector<Index> touched_;
  std::size_t count_ = 0;
};

}  // namespace overlay::mesh
