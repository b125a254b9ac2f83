// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/map_view.h"

#include <algorithm>
#include <map>

#include "overlay/control/json.h"

namespace overlay::control {

namespace {

/// How many elements of a list are written before the loop turns: a millisecond's worth.
constexpr int elements_a_step = 64;

void add_linked(const std::vector<node::PeerView>& peers, const std::vector<node::LinkedView>& linked,
                v1::Map& out) {
  std::map<NodeId, std::uint32_t> place;
  for (const auto& peer : peers) {
    place.emplace(peer.id, static_cast<std::uint32_t>(place.size()));
    out.add_linked();
  }
  for (const auto& [node, others] : linked) {
    const auto from = place.find(node);
    if (from == place.end()) continue;
    auto& to = *out.mutable_linked(static_cast<int>(from->second))->mutable_to();
    for (const NodeId& other : others) {
      if (const auto found = place.find(other); found != place.end()) to.Add(found->second);
    }
    std::ranges::sort(to);
  }
}

}  // namespace

v1::Map to_map(const node::View& view, const std::vector<node::LinkedView>& linked, const DaemonFacts& facts,
               const ClockPair& clock) {
  v1::Map out;
  *out.mutable_status() = to_status(view, facts, clock);
  out.mutable_peers()->Swap(to_peers(view, clock).mutable_peers());
  add_linked(view.peers, linked, out);
  out.mutable_links()->Swap(to_links(view, clock).mutable_links());
  v1::Ipam ipam = to_ipam(view);
  out.mutable_pools()->Swap(ipam.mutable_pools());
  out.mutable_blocks()->Swap(ipam.mutable_blocks());
  return out;
}

bool MapText::step() {
  const auto& fields = *v1::Map::descriptor();
  if (field_ == fields.field_count()) return false;
  const auto& field = *fields.field(field_);
  if (element_ == 0) open_field(field);
  if (field.is_repeated()) {
    add_elements(field);
  } else {
    text_ += to_json(map_.GetReflection()->GetMessage(map_, &field));
    ++field_;
  }
  if (field_ == fields.field_count()) text_ += '}';
  return true;
}

void MapText::open_field(const google::protobuf::FieldDescriptor& field) {
  if (field_ > 0) text_ += ',';
  text_ += '"' + field.name() + "\":";
  if (field.is_repeated()) text_ += '[';
}

void MapText::add_elements(const google::protobuf::FieldDescriptor& field) {
  const auto& reflection = *map_.GetReflection();
  const int count = reflection.FieldSize(map_, &field);
  const int end = std::min(count, element_ + elements_a_step);
  for (; element_ < end; ++element_) {
    if (element_ > 0) text_ += ',';
    text_ += to_json(reflection.GetRepeatedMessage(map_, &field, element_));
  }
  if (element_ < count) return;
  text_ += ']';
  element_ = 0;
  ++field_;
}

}  // namespace overlay::control
