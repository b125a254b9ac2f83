// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/reach.h"

#include <algorithm>
#include <functional>

namespace overlay::mesh {
namespace {

constexpr Reach::Index self = 0;
constexpr std::size_t smallest_table = 64;

}  // namespace

Reach::Reach(const NodeId& id) : table_(smallest_table, nobody) {
  know(id);
  nodes_[self].distance = 0;
}

// ---- numbers ----

/// Handles are hashes already: their bits choose the place.
Reach::Index Reach::find(wire::NodeHandle handle) const {
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = handle & mask; table_[at] != nobody; at = (at + 1) & mask) {
    if (wire::handle_of(nodes_[table_[at]].id) == handle) return table_[at];
  }
  return nobody;
}

void Reach::place(Index index) {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = wire::handle_of(nodes_[index].id) & mask;
  while (table_[at] != nobody) at = (at + 1) & mask;
  table_[at] = index;
}

Reach::Index Reach::know(const NodeId& node) {
  const Index known = find(wire::handle_of(node));
  if (known != nobody) return known;
  nodes_.push_back({});
  nodes_.back().id = node;
  if (2 * nodes_.size() > table_.size()) {
    table_.assign(2 * table_.size(), nobody);
    for (Index i = 0; i + 1 < nodes_.size(); ++i) place(i);
  }
  place(static_cast<Index>(nodes_.size() - 1));
  return static_cast<Index>(nodes_.size() - 1);
}

// ---- edges ----

const std::vector<wire::NodeHandle>& Reach::links_of(Index index) const {
  static const std::vector<wire::NodeHandle> none;
  const wire::RecordRef& record = nodes_[index].links;
  return record ? std::get<wire::LinkSet>(record->body).peers : none;
}

bool Reach::says(Index from, Index to) const {
  const auto& peers = links_of(from);
  return std::binary_search(peers.begin(), peers.end(), wire::handle_of(nodes_[to].id));
}

bool Reach::is_direct(Index index) const { return std::binary_search(direct_.begin(), direct_.end(), index); }

template <class Visit>
void Reach::each_linked(Index at, Visit visit) const {
  if (at == self) {
    for (const Index peer : direct_) visit(peer);
    return;
  }
  if (is_direct(at)) visit(self);
  for (const wire::NodeHandle handle : links_of(at)) {
    const Index peer = find(handle);
    if (peer == nobody || peer == self || !says(peer, at)) continue;
    visit(peer);
  }
}

// ---- changes ----

void Reach::touch(Index index) {
  if (std::exchange(nodes_[index].touched, true)) return;
  touched_.push_back(index);
}

/// A link between the two exists now.
void Reach::gained(Index a, Index b) {
  if (nodes_[a].distance > nodes_[b].distance) std::swap(a, b);
  if (nodes_[a].distance == far || nodes_[a].distance + 1 >= nodes_[b].distance) return;
  nearer_.push_back({nodes_[a].distance + 1, b, a});
  std::push_heap(nearer_.begin(), nearer_.end(), std::greater<>());
}

/// The link between the two is no more; it mattered when it was part of the tree.
void Reach::lost(Index a, Index b) {
  if (nodes_[b].parent == a) orphans_.push_back(b);
  if (nodes_[a].parent == b) orphans_.push_back(a);
}

/// Takes all that hung on lost links out of the tree, then lets each look for a new way among what is left.
void Reach::mend() {
  for (std::size_t i = 0; i < orphans_.size(); ++i) {
    const Index at = orphans_[i];
    if (nodes_[at].distance == far) continue;
    each_linked(at, [&](Index peer) {
      if (nodes_[peer].parent == at) orphans_.push_back(peer);
    });
    nodes_[at].distance = far;
    nodes_[at].parent = nobody;
    --count_;
    touch(at);
  }
  for (const Index at : std::exchange(orphans_, {})) {
    each_linked(at, [&](Index peer) { gained(peer, at); });
  }
  spread();
}

/// Nearest first, as in Dijkstra's algorithm.
void Reach::spread() {
  while (!nearer_.empty()) {
    std::pop_heap(nearer_.begin(), nearer_.end(), std::greater<>());
    const Step step = nearer_.back();
    nearer_.pop_back();
    Node& node = nodes_[step.to];
    if (step.distance >= node.distance) continue;
    if (node.distance == far) ++count_;
    node.distance = step.distance;
    node.parent = step.from;
    touch(step.to);
    each_linked(step.to, [&](Index peer) { gained(step.to, peer); });
  }
}

void Reach::set_direct(const std::set<NodeId>& peers) {
  std::vector<Index> now;
  for (const NodeId& peer : peers) now.push_back(know(peer));
  std::sort(now.begin(), now.end());
  const std::vector<Index> before = std::exchange(direct_, now);
  for (const Index peer : before) {
    if (!std::binary_search(now.begin(), now.end(), peer)) lost(self, peer);
  }
  mend();
  for (const Index peer : now) {
    if (!std::binary_search(before.begin(), before.end(), peer)) gained(self, peer);
  }
  spread();
}

void Reach::set_links(const NodeId& node, wire::RecordRef links) {
  const Index at = know(node);
  if (at == self) return;
  const wire::RecordRef before = std::exchange(nodes_[at].links, std::move(links));
  static const std::vector<wire::NodeHandle> none;
  const auto& old = before ? std::get<wire::LinkSet>(before->body).peers : none;
  const auto& now = links_of(at);
  for (const wire::NodeHandle handle : old) {
    const Index peer = find(handle);
    if (peer == nobody || peer == self || std::binary_search(now.begin(), now.end(), handle)) continue;
    lost(at, peer);
  }
  mend();
  for (const wire::NodeHandle handle : now) {
    const Index peer = find(handle);
    if (peer == nobody || peer == self || std::binary_search(old.begin(), old.end(), handle)) continue;
    if (says(peer, at)) gained(at, peer);
  }
  spread();
}

// ---- questions ----

bool Reach::reaches(const NodeId& node) const {
  const Index at = find(wire::handle_of(node));
  return at != nobody && at != self && nodes_[at].id == node && reaches(at);
}

std::optional<NodeId> Reach::first_hop(const NodeId& node) const {
  if (!reaches(node)) return std::nullopt;
  Index at = find(wire::handle_of(node));
  while (nodes_[at].parent != self) at = nodes_[at].parent;
  return nodes_[at].id;
}

std::vector<NodeId> Reach::take_changes(Time now) {
  std::vector<NodeId> out;
  for (const Index at : std::exchange(touched_, {})) {
    Node& node = nodes_[at];
    node.touched = false;
    const bool reachable = node.distance != far;
    if (std::exchange(node.told, reachable) == reachable) continue;
    node.changed = now;
    out.push_back(node.id);
  }
  return out;
}

std::optional<Time> Reach::changed_at(const NodeId& node) const {
  const Index at = find(wire::handle_of(node));
  if (at == nobody || nodes_[at].changed == Time::min()) return std::nullopt;
  return nodes_[at].changed;
}

}  // namespace overlay::mesh
