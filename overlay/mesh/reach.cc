// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/reach.h"

#include <algorithm>
#include <deque>

namespace overlay::mesh {
namespace {

bool lists(const LinkState& links, const NodeId& from, const NodeId& to) {
  const auto found = links.find(from);
  return found != links.end() &&
         std::find(found->second.begin(), found->second.end(), to) != found->second.end();
}

}  // namespace

Reach::Reach(const NodeId& self, const std::set<NodeId>& direct, const LinkState& links) {
  std::deque<NodeId> frontier;
  for (const NodeId& neighbour : direct) {
    first_hop_.emplace(neighbour, neighbour);
    frontier.push_back(neighbour);
  }
  while (!frontier.empty()) {
    const NodeId at = frontier.front();
    frontier.pop_front();
    const auto edges = links.find(at);
    if (edges == links.end()) continue;
    for (const NodeId& next : edges->second) {
      if (next == self || first_hop_.contains(next) || !lists(links, next, at)) continue;
      first_hop_.emplace(next, first_hop_.at(at));
      frontier.push_back(next);
    }
  }
}

std::optional<NodeId> Reach::first_hop(const NodeId& node) const {
  const auto found = first_hop_.find(node);
  if (found == first_hop_.end()) return std::nullopt;
  return found->second;
}

std::set<NodeId> Reach::all() const {
  std::set<NodeId> out;
  for (const auto& [node, hop] : first_hop_) out.insert(node);
  return out;
}

}  // namespace overlay::mesh
