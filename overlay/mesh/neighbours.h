// SPDX-License-Identifier: Apache-2.0
// Whom to keep a session with. Everybody in a small cluster; in a large one about eight each, so that control
// traffic per node does not grow with the cluster:
//   - the two successors on the ring of reachable ids, which hold the mesh together;
//   - then, until there are links enough, those that others opened among them: one in another zone, two in
//   this one,
//     and any. Chance keeps the diameter short.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "overlay/base/rng.h"
#include "overlay/mesh/reach.h"
#include "overlay/mesh/sessions.h"

namespace overlay::mesh {

/// Up to this many nodes (self included) everyone keeps a session with everyone.
inline constexpr std::size_t full_mesh_nodes = 16;
/// What a node of a larger cluster is content with, and where it begins to turn callers away.
inline constexpr std::size_t enough_links = 8;
inline constexpr std::size_t most_links = 12;

class Neighbours {
 public:
  /// What is known of nodes; null: no record of it.
  using InfoOf = std::function<const wire::NodeInfo*(const NodeId&)>;

  Neighbours(const NodeId& self, Rng& rng, const Reach& reach, InfoOf info_of)
      : self_(self), rng_(rng), reach_(reach), info_of_(std::move(info_of)) {}

  /// `members`: nodes that are known, self included. `settled`: all of them are, so the ring can be closed.
  void choose(std::size_t members, bool settled, const Sessions& sessions);
  /// This one turned us away or cannot be called: another will do.
  void give_up(const NodeId& peer);
  const std::map<NodeId, wire::Purpose>& wanted() const { return wanted_; }
  bool wants(const NodeId& peer) const { return wanted_.contains(peer); }

  /// Some reachable ones, for a caller that is turned away.
  std::vector<Endpoint> contacts();
  /// One that is known and cannot be reached, drawn at random.
  std::optional<NodeId> draw_unreachable();

 private:
  void choose_all();
  void choose_successors();
  void choose_shortcuts(const Sessions& sessions);
  std::optional<NodeId> draw(const std::function<bool(const NodeId&, const wire::NodeInfo&)>& fits);
  std::string zone() const;
  bool in_zone(const NodeId& node) const;

  const NodeId self_;
  Rng& rng_;
  const Reach& reach_;
  InfoOf info_of_;
  std::map<NodeId, wire::Purpose> wanted_;
};

}  // namespace overlay::mesh
