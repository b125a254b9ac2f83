// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/own_links.h"

#include <algorithm>

#include "overlay/mesh/neighbours.h"

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

constexpr Duration stable_after =
    2s;  // a link that had been lost is announced again when it has held this long
constexpr Duration throttle_first = 100ms;  // between two announcements; doubles while links flap
constexpr Duration throttle_last = 5s;
constexpr Duration calm = 4 * throttle_last;
/// In a large cluster all that came up is announced together, the rarer the more nodes announce.
constexpr Duration together_per_member = 10ms;
constexpr Duration together_most = 10s;

}  // namespace

const std::set<NodeId>& OwnLinks::announced() const {
  static const std::set<NodeId> none;
  return announced_ ? *announced_ : none;
}

/// A first link is announced at once in a small cluster, and by whoever has none yet.
std::set<NodeId> OwnLinks::stable(const std::set<NodeId>& links, std::size_t members, Time now) {
  const bool is_large = members > full_mesh_nodes;
  const bool at_once = !announced_ || announced_->empty();
  std::erase_if(announce_at_, [&](const auto& entry) { return !links.contains(entry.first); });
  std::set<NodeId> out;
  for (const NodeId& peer : links) {
    const bool is_announced = announced().contains(peer);
    const bool waits = !is_announced && !at_once && (is_large || ever_linked_.contains(peer));
    const Duration wait = waits ? stable_after : Duration{};
    const Time at = announce_at_.try_emplace(peer, now + wait).first->second;
    if (at <= now || is_announced) {
      out.insert(peer);
    } else {
      due_ = std::min(due_, at);
    }
  }
  return out;
}

std::optional<wire::LinkSet> OwnLinks::update(const std::set<NodeId>& links, std::size_t members, Time now) {
  due_ = Time::max();
  const std::set<NodeId> now_stable = stable(links, members, now);
  if (announced_ && now_stable == *announced_) return std::nullopt;
  const bool any_lost =
      !std::includes(now_stable.begin(), now_stable.end(), announced().begin(), announced().end());
  const bool alone = announced().empty();
  const Duration together =
      any_lost || alone || members <= full_mesh_nodes
          ? Duration{}
          : std::min<Duration>(together_most, together_per_member * static_cast<std::int64_t>(members));
  const Time not_before = published_ + std::max(throttle_, together);
  if (announced_ && now < not_before) {
    due_ = std::min(due_, not_before);
    return std::nullopt;
  }
  throttle_ =
      now > published_ + calm ? throttle_first : std::clamp(2 * throttle_, throttle_first, throttle_last);
  published_ = now;
  announced_ = now_stable;
  if (members <= full_mesh_nodes) ever_linked_.insert(now_stable.begin(), now_stable.end());
  wire::LinkSet out;
  for (const NodeId& peer : now_stable) out.peers.push_back(wire::handle_of(peer));
  return out;
}

}  // namespace overlay::mesh
