// SPDX-License-Identifier: Apache-2.0
// Links: which there are, where they lead, and which there should be.
#include <algorithm>

#include "overlay/mesh/mesh.h"

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

/// Neighbours of a large cluster are chosen anew at most this often; the time grows with what there is to
/// choose from.
constexpr Duration choose_interval = 100ms;
constexpr Duration choose_per_member = 100us;
constexpr Duration tidy_interval = 1s;
constexpr Duration spare_after = 5s;  // a session that nobody needs is closed
/// Whoever is out of reach is called by somebody about this often, however many there are to call.
constexpr Duration seek_interval = 5s;
constexpr Duration seek_least = 2500ms;
constexpr Duration seek_most = 10min;

}  // namespace

// ---- what there is ----

void Mesh::update_links(Time now) {
  const std::set<NodeId> linked = linked_peers();
  reach_.set_direct(linked);
  if (self_.cluster.is_zero()) return;
  const auto links = own_links_.update(linked, records_.count(wire::RecordKind::node), now);
  if (!links) return;
  publish(wire::seal(*links, {self_.incarnation, ++links_version_}, self_.identity, self_.cluster), now);
}

/// Peers with an established session. A link already announced also counts while a new session with its peer
/// is in its handshake: of two that crossed one has just been closed.
std::set<NodeId> Mesh::linked_peers() const {
  std::set<NodeId> out = sessions_.linked();
  for (const NodeId& peer : own_links_.announced()) {
    if (sessions_.busy_with(peer)) out.insert(peer);
  }
  std::erase_if(out, [&](const NodeId& peer) { return expelled_.contains(peer); });
  return out;
}

void Mesh::update_reach(Time now) {
  const auto changes = reach_.take_changes(now);
  for (const NodeId& node : changes) {
    if (reach_.reaches(node)) {
      say({Event::Level::info, "peer", name_of(node), "unreachable", "reachable", ""});
    } else {
      say({Event::Level::warning, "peer", name_of(node), "reachable", "unreachable",
           "no chain of links leads there; traffic to its pods is still sent"});
    }
  }
  if (changes.empty()) return;
  stirred_ = true;
  want_later(now);
}

// ---- what there should be ----

void Mesh::want_later(Time now) {
  if (!is_large()) return update_wanted(now);
  const auto members = static_cast<std::int64_t>(records_.count(wire::RecordKind::node));
  wanted_due_ = std::min(wanted_due_, now + std::max<Duration>(choose_interval, members * choose_per_member));
}

void Mesh::update_wanted(Time now) {
  wanted_due_ = Time::max();
  neighbours_.choose(records_.count(wire::RecordKind::node), synced(), sessions_);
  dialer_.insist_on_targets(!is_large());
  dialer_.want(neighbours_.wanted(), !is_large(), now);
}

/// Tells the peers which sessions this node counts on, and closes one that neither end does. Only where there
/// are more than a node may have: closing what is merely more than enough would set off a search at the other
/// end, for ever.
void Mesh::tidy(Time now) {
  tidy_due_ = now + tidy_interval;
  if (!is_large()) return;
  const bool enough = synced() && sessions_.linked_count() > most_links;
  std::optional<SessionId> superfluous;
  std::vector<std::pair<SessionId, bool>> needs;
  for (const auto& [id, session] : sessions_.all()) {
    if (session.state != Session::State::established) continue;
    const bool needed = !enough || neighbours_.wants(session.peer_id);
    needs.emplace_back(id, needed);
    if (!needed && !session.peer_needs && now >= session.since + spare_after) superfluous = id;
  }
  for (const auto& [id, needed] : needs) sessions_.need(id, needed);
  if (superfluous) sessions_.spare(*superfluous, "there are links enough");
  settle(now);
  if (sessions_.linked_count() < enough_links) want_later(now);
}

/// So that halves of a cluster find each other again, each node calls somebody now and then whom it cannot
/// reach: a member, or a join target that has never answered.
void Mesh::seek(Time now) {
  const std::size_t others = std::max<std::size_t>(records_.count(wire::RecordKind::node), 1) - 1;
  const std::size_t reached = std::min(reach_.count(), others);
  std::vector<std::size_t> targets;
  for (std::size_t i = 0; i < dialer_.targets().size(); ++i) {
    const Target& target = dialer_.targets()[i];
    const bool known = !target.peer.is_zero() && reach_.reaches(target.peer);
    if (!target.is_self && !known) targets.push_back(i);
  }
  const auto unreached = static_cast<std::int64_t>(others - reached + targets.size());
  const Duration pause = std::clamp<Duration>(
      seek_interval * static_cast<std::int64_t>(reached) / std::max<std::int64_t>(unreached, 1), seek_least,
      unreached == 0 ? seek_interval : seek_most);
  seek_due_ = now + rng_.between(pause / 2, pause * 3 / 2);
  if (!is_large() || unreached == 0) return;
  const auto node = neighbours_.draw_unreachable();
  const wire::NodeInfo* found = node ? info(*node) : nullptr;
  if (found != nullptr && !found->endpoints.empty() && (targets.empty() || rng_.one_in(2))) {
    const Endpoint& endpoint = found->endpoints[rng_.below(found->endpoints.size())];
    dialer_.seek({endpoint.address.text(), endpoint.port}, now);
  } else if (!targets.empty()) {
    dialer_.seek_target(targets[rng_.below(targets.size())], now);
  }
}

}  // namespace overlay::mesh
