// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/neighbours.h"

#include <algorithm>

#include "overlay/base/crypto.h"

namespace overlay::mesh {
namespace {

constexpr std::size_t successors = 2;
constexpr std::size_t shortcuts = 6;

void add_successors(const NodeId& self, const std::set<NodeId>& ring, std::set<NodeId>& out) {
  auto next = ring.upper_bound(self);
  for (std::size_t i = 0; i < std::min(successors, ring.size()); ++i) {
    if (next == ring.end()) next = ring.begin();
    out.insert(*next++);
  }
}

/// Rendezvous (highest random weight) hashing: each node ranks all others independently.
void add_shortcuts(const NodeId& self, const std::set<NodeId>& members, std::set<NodeId>& out) {
  std::vector<std::pair<Digest, NodeId>> ranked;
  for (const NodeId& member : members) ranked.emplace_back(sha256(self.str() + member.str()), member);
  const auto count = std::min(shortcuts, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), ranked.end());
  for (std::size_t i = 0; i < count; ++i) out.insert(ranked[i].second);
}

}  // namespace

std::set<NodeId> choose_neighbours(const NodeId& self, const std::set<NodeId>& members,
                                   const std::set<NodeId>& reachable) {
  if (members.size() < full_mesh_nodes) return members;
  std::set<NodeId> out;
  add_successors(self, reachable.empty() ? members : reachable, out);
  add_shortcuts(self, members, out);
  return out;
}

}  // namespace overlay::mesh
