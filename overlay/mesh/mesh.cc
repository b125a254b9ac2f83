// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/mesh.h"

#include <algorithm>

namespace overlay::mesh {

Mesh::Mesh(Self self, std::vector<HostPort> join, Rng& rng, Outbox& out, Judge judge, wire::Opener* opener)
    : self_(std::move(self)),
      rng_(rng),
      out_(out),
      judge_(std::move(judge)),
      opener_(opener != nullptr ? *opener : own_opener_),
      sessions_(self_, rng, out),
      reach_(self_.id),
      neighbours_(self_.id, rng, reach_, [this](const NodeId& node) { return info(node); }),
      dialer_(self_, std::move(join), rng, sessions_,
              [this](const NodeId& node) {
                const wire::NodeInfo* known = info(node);
                return known == nullptr ? nullptr : &known->endpoints;
              }),
      gossip_(sessions_, records_),
      anti_entropy_(rng, sessions_, records_, gossip_),
      router_(self_, sessions_) {}

// ---- sessions ----

SessionId Mesh::accepted(const Endpoint& remote, const Channel& channel, Time now) {
  sessions_.at(now);
  return sessions_.accept(remote, channel, now);
}

void Mesh::connected(SessionId session, const Channel& channel, Time now) {
  sessions_.at(now);
  sessions_.connected(session, channel, now);
}

void Mesh::written(SessionId session, std::size_t bytes, Time now) {
  sessions_.at(now);
  sessions_.written(session, bytes);
  gossip_.written(session, now);
}

void Mesh::closed(SessionId session, const Error& reason, Time now) {
  sessions_.at(now);
  sessions_.closed(session, reason, now);
  settle(now);
}

void Mesh::received(SessionId session, std::string_view frame, Time now) {
  sessions_.at(now);
  const bool was_synced = synced();
  if (auto message = sessions_.received(session, frame, now)) hear(session, *message, now);
  stirred_ = stirred_ || synced() != was_synced;
  settle(now);
}

/// Without a cluster only genesis means anything, and where else to ask for it.
void Mesh::hear(SessionId session, wire::Message& message, Time now) {
  if (auto* records = std::get_if<wire::Records>(&message)) return hear(session, *records, now);
  if (const auto* busy = std::get_if<wire::Busy>(&message)) return hear_busy(session, *busy);
  if (auto* founding = std::get_if<wire::Founding>(&message);
      founding != nullptr && self_.cluster.is_zero()) {
    foundings_.emplace_back(sessions_.find(session)->peer->public_key, std::move(*founding));
    stirred_ = true;
  }
  if (self_.cluster.is_zero()) return;
  if (const auto* announced = std::get_if<wire::Announce>(&message)) {
    gossip_.hear(session, *announced, now);
  } else if (std::holds_alternative<wire::Prune>(message)) {
    gossip_.hear_prune(session);
  } else if (auto* routed = std::get_if<wire::Routed>(&message)) {
    router_.hear(std::move(*routed), reach_);
    stirred_ = true;
  } else if (const auto* root = std::get_if<wire::Root>(&message)) {
    anti_entropy_.hear(session, *root);
  } else if (const auto* digest = std::get_if<wire::Digest256>(&message)) {
    anti_entropy_.hear(session, *digest, now);
  } else if (const auto* entries = std::get_if<wire::DigestEntries>(&message)) {
    anti_entropy_.hear(session, *entries, now);
  } else if (const auto* want = std::get_if<wire::Want>(&message)) {
    anti_entropy_.hear(session, *want, now);
  } else if (std::holds_alternative<wire::Compared>(message)) {
    anti_entropy_.hear_compared(session, now);
  }
}

void Mesh::hear_busy(SessionId id, const wire::Busy& busy) {
  const Session& session = *sessions_.find(id);
  const std::string text = "it has links enough";
  say({Event::Level::info, "link", session.peer->name, "established", "down", text});
  dialer_.add_contacts(busy.contacts);
  dialer_.turned_away(id);
  sessions_.spare(id, text);
}

/// Draws the consequences of sessions that came or went.
void Mesh::settle(Time now) {
  bool any = false;
  for (auto changes = sessions_.take_changes(); !changes.empty(); changes = sessions_.take_changes()) {
    for (const SessionChange& change : changes) apply(change, now);
    any = true;
  }
  if (any) update_links(now);
  stirred_ = stirred_ || any;
  update_reach(now);
}

void Mesh::apply(const SessionChange& change, Time now) {
  const auto failed = dialer_.changed(change, now);
  if (failed) {
    neighbours_.give_up(*failed);
    want_later(now);
  }
  if (change.kind == SessionChange::Kind::established) return apply_established(change, now);
  gossip_.stop(change.session);
  anti_entropy_.stop(change.session);
  if (change.is_spare || change.is_self) return;
  const std::string name = change.peer.is_zero() ? change.address : name_of(change.peer);
  if (change.was_established) {
    say({Event::Level::warning, "link", name, "established", "down", change.reason});
  } else if (dialer_.is_news(name, change.reason)) {
    say({Event::Level::warning, "link", name, "", "failed", change.reason});
  }
}

void Mesh::apply_established(const SessionChange& change, Time now) {
  const Session* session = sessions_.find(change.session);
  if (session == nullptr) return;  // and ended since
  if (session->peer->cluster.is_zero()) announce_genesis(change.session);
  if (!has_room_for(*session)) {
    sessions_.send(change.session, wire::Busy{neighbours_.contacts()});
    sessions_.spare(change.session, "there are links enough");
    return;
  }
  dialer_.is_news(name_of(change.peer), "");
  say({Event::Level::info, "link", session->peer->name, "", "established",
       (session->outbound ? "to " : "from ") + session->address});
  if (self_.cluster.is_zero()) return;
  gossip_.start(change.session);
  anti_entropy_.start(change.session, now);
}

/// The links that hold the mesh together, and those that bring parts of it together, are never turned away.
bool Mesh::has_room_for(const Session& session) const {
  const bool is_vital = session.purpose == wire::Purpose::ring || session.purpose == wire::Purpose::seek;
  return !is_large() || is_vital || session.outbound || neighbours_.wants(session.peer_id) ||
         sessions_.linked_count() <= most_links;
}

// ---- the cluster ----

void Mesh::tell(const NodeId& neighbour, const wire::Founding& word) {
  const Session* session = sessions_.with(neighbour);
  if (session != nullptr) sessions_.send(session->id, word);
}

void Mesh::announce_genesis(SessionId session) {
  const wire::Record* genesis = records_.find(wire::decree_key(0));
  if (genesis != nullptr) sessions_.send(session, wire::Records{{genesis->envelope}});
}

void Mesh::adopt(const wire::Record& genesis, const std::vector<Prefix>& pools, Time now) {
  self_.cluster = wire::cluster_of(genesis);
  self_.pools = pools;
  records_.insert(genesis);
  std::vector<std::pair<SessionId, std::string>> others;
  for (const auto& [id, session] : sessions_.all()) {
    if (session.state != Session::State::established) continue;
    const wire::Hello& peer = *session.peer;
    if (!peer.cluster.is_zero() && peer.cluster != self_.cluster) {
      others.emplace_back(id, other_cluster(self_.name, self_.cluster, peer.name, peer.cluster));
      continue;
    }
    if (peer.cluster.is_zero()) announce_genesis(id);
    gossip_.start(id);
    anti_entropy_.start(id, now);
  }
  for (const auto& [id, text] : others) sessions_.refuse(id, text);
  update_links(now);
}

void Mesh::start(Time now) {
  sessions_.at(now);
  update_wanted(now);
  update_links(now);
  tidy(now);
  seek(now);
}

// ---- time ----

void Mesh::tick(Time now) {
  sessions_.at(now);
  sessions_.tick(now);
  settle(now);
  if (own_links_.due() <= now) update_links(now);
  update_reach(now);
  if (wanted_due_ <= now) update_wanted(now);
  if (tidy_due_ <= now) tidy(now);
  if (seek_due_ <= now) seek(now);
  dialer_.tick(now);
  anti_entropy_.tick(now);
  gossip_.tick(now);
}

Time Mesh::next_deadline() const {
  return std::min({sessions_.next_deadline(), dialer_.next_deadline(), gossip_.next_deadline(),
                   anti_entropy_.next_deadline(), own_links_.due(), wanted_due_, tidy_due_, seek_due_});
}

// ---- views ----

const wire::NodeInfo* Mesh::info(const NodeId& node) const {
  const wire::Record* record = records_.find(wire::node_key(node));
  return record == nullptr ? nullptr : &std::get<wire::NodeInfo>(record->body);
}

std::string Mesh::name_of(const NodeId& node) const {
  if (node == self_.id) return self_.name;
  if (const wire::NodeInfo* known = info(node); known != nullptr && !known->name.empty()) return known->name;
  for (const auto& [id, session] : sessions_.all()) {
    if (session.peer_id == node && !session.peer->name.empty()) return session.peer->name;
  }
  return node.short_hex();
}

}  // namespace overlay::mesh
