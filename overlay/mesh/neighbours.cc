// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/neighbours.h"

#include <algorithm>
#include <set>

namespace overlay::mesh {
namespace {

using wire::Purpose;

constexpr std::size_t successors = 2;
constexpr std::size_t near_links = 2;   // in this zone
constexpr std::size_t most_draws = 64;  // before the search for a fitting node is left to the next time
constexpr std::size_t contacts_told = 8;

/// How far behind `from` on the ring of ids: of two the nearer successor is the smaller.
std::pair<bool, NodeId> behind(const NodeId& from, const NodeId& node) { return {node < from, node}; }

}  // namespace

void Neighbours::choose(std::size_t members, bool settled, const Sessions& sessions) {
  if (members <= full_mesh_nodes) return choose_all();
  std::erase_if(wanted_, [&](const auto& entry) {
    return entry.second != Purpose::shortcut || !reach_.reaches(entry.first);
  });
  if (settled) choose_successors();
  choose_shortcuts(sessions);
}

void Neighbours::choose_all() {
  wanted_.clear();
  for (Reach::Index i = 1; i < reach_.size(); ++i) {
    if (info_of_(reach_.id(i)) != nullptr) wanted_[reach_.id(i)] = Purpose::ring;
  }
}

void Neighbours::choose_successors() {
  std::vector<std::pair<bool, NodeId>> next;
  for (Reach::Index i = 1; i < reach_.size(); ++i) {
    if (!reach_.reaches(i)) continue;
    const auto place = behind(self_, reach_.id(i));
    if (next.size() == successors && place > next.back()) continue;
    if (info_of_(place.second) == nullptr) continue;
    next.insert(std::upper_bound(next.begin(), next.end(), place), place);
    if (next.size() > successors) next.pop_back();
  }
  for (const auto& [wrapped, node] : next) wanted_[node] = Purpose::ring;
}

void Neighbours::choose_shortcuts(const Sessions& sessions) {
  std::set<NodeId> links = sessions.linked();
  for (const auto& [node, purpose] : wanted_) links.insert(node);
  const auto here = [&](const NodeId& node) { return in_zone(node); };
  while (links.size() < enough_links) {
    const auto near = static_cast<std::size_t>(std::count_if(links.begin(), links.end(), here));
    const auto is_free = [&](const NodeId& node) { return !links.contains(node); };
    std::optional<NodeId> chosen;
    if (!links.empty() && near == links.size()) {
      chosen =
          draw([&](const NodeId& node, const wire::NodeInfo&) { return is_free(node) && !in_zone(node); });
    } else if (near < near_links) {
      chosen =
          draw([&](const NodeId& node, const wire::NodeInfo&) { return is_free(node) && in_zone(node); });
    }
    if (!chosen) chosen = draw([&](const NodeId& node, const wire::NodeInfo&) { return is_free(node); });
    if (!chosen) return;
    links.insert(*chosen);
    wanted_[*chosen] = Purpose::shortcut;
  }
}

/// A reachable node, any with the same chance.
std::optional<NodeId> Neighbours::draw(
    const std::function<bool(const NodeId&, const wire::NodeInfo&)>& fits) {
  for (std::size_t i = 0; i < most_draws; ++i) {
    const auto index = static_cast<Reach::Index>(rng_.below(reach_.size()));
    if (index == 0 || !reach_.reaches(index)) continue;
    const wire::NodeInfo* info = info_of_(reach_.id(index));
    if (info != nullptr && fits(reach_.id(index), *info)) return reach_.id(index);
  }
  return std::nullopt;
}

std::optional<NodeId> Neighbours::draw_unreachable() {
  std::optional<NodeId> chosen;
  std::uint64_t found = 0;
  for (Reach::Index i = 1; i < reach_.size(); ++i) {
    if (reach_.reaches(i) || info_of_(reach_.id(i)) == nullptr) continue;
    if (rng_.one_in(++found)) chosen = reach_.id(i);
  }
  return chosen;
}

void Neighbours::give_up(const NodeId& peer) {
  const auto found = wanted_.find(peer);
  if (found != wanted_.end() && found->second == Purpose::shortcut) wanted_.erase(found);
}

std::vector<Endpoint> Neighbours::contacts() {
  std::set<Endpoint> out;
  for (std::size_t i = 0; i < contacts_told; ++i) {
    const auto node = draw([](const NodeId&, const wire::NodeInfo& info) { return !info.endpoints.empty(); });
    if (!node) break;
    const auto& endpoints = info_of_(*node)->endpoints;
    out.insert(endpoints[rng_.below(endpoints.size())]);
  }
  return {out.begin(), out.end()};
}

std::string Neighbours::zone() const {
  const wire::NodeInfo* mine = info_of_(self_);
  return mine == nullptr ? std::string() : mine->zone;
}

bool Neighbours::in_zone(const NodeId& node) const {
  const wire::NodeInfo* info = info_of_(node);
  return info != nullptr && info->zone == zone();
}

}  // namespace overlay::mesh
