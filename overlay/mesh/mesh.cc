// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/mesh.h"

#include <algorithm>

#include "overlay/mesh/neighbours.h"

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

constexpr Duration stable_after =
    2s;  // a link that had been lost is announced again when it has held this long
constexpr Duration links_throttle_first = 100ms;  // between two announcements; doubles while links flap
constexpr Duration links_throttle_last = 5s;
constexpr Duration reach_interval = 100ms;  // reachability is computed at most this often
constexpr std::size_t max_held = 4096;      // records that wait for a decree; more can be heard again
constexpr std::size_t max_held_bytes = 8 * 1024 * 1024;

}  // namespace

Mesh::Mesh(Self self, std::vector<HostPort> join, Rng& rng, Outbox& out, Judge judge)
    : self_(std::move(self)),
      out_(out),
      judge_(std::move(judge)),
      sessions_(self_, rng, out),
      dialer_(self_, std::move(join), rng, sessions_),
      gossip_(rng, sessions_, records_),
      router_(self_, sessions_) {}

// ---- sessions ----

SessionId Mesh::accepted(const Endpoint& remote, const Bytes& binding, Time now) {
  return sessions_.accept(remote, binding, now);
}

void Mesh::connected(SessionId session, const Bytes& binding, Time now) {
  sessions_.connected(session, binding, now);
}

void Mesh::written(SessionId session, std::size_t bytes, Time now) {
  sessions_.written(session, bytes);
  gossip_.written(session, now);
}

void Mesh::closed(SessionId session, const Error& reason, Time now) {
  sessions_.closed(session, reason, now);
  settle(now);
}

void Mesh::received(SessionId session, std::string_view frame, Time now) {
  if (auto message = sessions_.received(session, frame, now)) {
    if (auto* records = std::get_if<wire::Records>(&*message)) hear(session, *records, now);
    if (self_.cluster.is_zero()) {
      // Without a cluster only genesis means anything.
    } else if (auto* digest = std::get_if<wire::Digest256>(&*message)) {
      gossip_.hear(session, *digest);
    } else if (auto* entries = std::get_if<wire::DigestEntries>(&*message)) {
      gossip_.hear(session, *entries, now);
    } else if (auto* want = std::get_if<wire::Want>(&*message)) {
      gossip_.hear(session, *want, now);
    } else if (auto* routed = std::get_if<wire::Routed>(&*message)) {
      router_.hear(std::move(*routed), reach_);
    }
  }
  settle(now);
}

/// Draws the consequences of sessions that came or went.
void Mesh::settle(Time now) {
  const auto changes = sessions_.take_changes();
  for (const SessionChange& change : changes) apply(change, now);
  if (!changes.empty()) update_links(now);
}

void Mesh::apply(const SessionChange& change, Time now) {
  dialer_.changed(change, now);
  const std::string name = change.peer.is_zero() ? change.address : name_of(change.peer);
  if (change.kind == SessionChange::Kind::established) {
    const Session& session = *sessions_.find(change.session);
    dialer_.is_news(name, "");
    say({Event::Level::info, "link", session.peer->name, "", "established",
         (session.outbound ? "to " : "from ") + session.address});
    if (session.peer->cluster.is_zero()) announce_genesis(change.session);
    if (!self_.cluster.is_zero()) gossip_.start(change.session, now);
    return;
  }
  gossip_.stop(change.session);
  if (change.is_spare || change.is_self) return;
  if (change.was_established) {
    say({Event::Level::warning, "link", name, "established", "down", change.reason});
  } else if (dialer_.is_news(name, change.reason)) {
    say({Event::Level::warning, "link", name, "", "failed", change.reason});
  }
}

// ---- the cluster ----

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
    gossip_.start(id, now);
  }
  for (const auto& [id, text] : others) sessions_.refuse(id, text);
  update_links(now);
}

void Mesh::start(Time now) {
  update_wanted(now);
  update_links(now);
}

void Mesh::hear_genesis(SessionId session, wire::Record record) {
  const ClusterId theirs = wire::cluster_of(record);
  if (self_.cluster.is_zero()) {
    genesis_.push_back(std::move(record));
  } else if (theirs != self_.cluster) {
    const Session* from = sessions_.find(session);
    sessions_.refuse(session, other_cluster(self_.name, self_.cluster, from->peer->name, theirs));
  }
}

// ---- records ----

void Mesh::hear(SessionId session, wire::Records& records, Time now) {
  for (const Bytes& envelope : records.envelopes) {
    if (sessions_.find(session) == nullptr) return;
    hear_record(session, envelope, now);
  }
}

void Mesh::hear_record(SessionId session, const Bytes& envelope, Time now) {
  auto record = wire::read(envelope);
  if (!record && record.error().code == Errc::unsupported) return;  // of a newer version: not for us
  if (record && is_nothing_new(*record)) return;
  Status judged = record ? wire::check_signature(*record, self_.cluster) : Status(record.error());
  if (judged && std::holds_alternative<consensus::Genesis>(record->body)) {
    hear_genesis(session, std::move(*record));
    return;
  }
  if (self_.cluster.is_zero()) return;
  if (judged) judged = judge_record(session, *record, now);
  if (!judged) sessions_.refuse(session, "the peer sent " + judged.error().text);
}

/// An error for what no honest peer can have sent.
Status Mesh::judge_record(SessionId session, const wire::Record& record, Time now) {
  const Status judged = judge_(record);
  if (judged) {
    accept_record(session, record, now);
    return {};
  }
  switch (judged.error().code) {
    case Errc::unavailable:
      hold(session, record);
      return {};
    case Errc::exists:
      return {};
    case Errc::conflict:
      clashes_.push_back(record);
      return {};
    default:
      return judged;
  }
}

void Mesh::hold(SessionId session, const wire::Record& record) {
  const auto held = held_.find(record.key);
  std::size_t bytes = record.envelope.size();
  for (const auto& [key, other] : held_) bytes += other.record.envelope.size();
  if (bytes > max_held_bytes || (held == held_.end() && held_.size() >= max_held)) return;
  if (held != held_.end() && held->second.record.version > record.version) return;
  held_.insert_or_assign(record.key, Held{session, record});
}

void Mesh::rejudge(Time now) {
  for (auto& [key, held] : std::exchange(held_, {})) {
    if (is_nothing_new(held.record)) continue;
    // Whoever sent it is not to blame: it was right, or wrong, before this could be known.
    ignore_error(judge_record(held.session, held.record, now), "a record that will never count");
  }
}

void Mesh::fetch(const std::vector<wire::RecordKey>& keys) {
  std::set<SessionId> from;
  for (const auto& [key, held] : held_) from.insert(held.session);
  for (const SessionId session : from) {
    const Session* open = sessions_.find(session);
    if (open == nullptr || open->state != Session::State::established) continue;
    sessions_.send(session, wire::Want{keys});
  }
}

void Mesh::expel(const NodeId& node, Time now) {
  if (node == self_.id) return;
  expelled_.insert(node);
  erase(wire::node_key(node));
  erase(wire::links_key(node));
  links_due_ = std::min(links_due_, now);
  update_wanted(now);
}

/// Flooding brings each record once from every neighbour; only the first is worth a look at its signature.
bool Mesh::is_nothing_new(const wire::Record& record) const {
  const wire::Record* held = records_.find(record.key);
  return held != nullptr && (held->content == record.content || record.version < held->version);
}

void Mesh::accept_record(SessionId session, wire::Record record, Time now) {
  const auto kind = wire::kind_of(record.key);
  const bool about_self = (kind == wire::RecordKind::node || kind == wire::RecordKind::links) &&
                          wire::node_of(record.key) == self_.id;
  if (about_self) {
    hear_own(record, now);
    return;
  }
  const wire::Record* held = records_.find(record.key);
  const bool is_new_node = held == nullptr && kind == wire::RecordKind::node;
  switch (records_.insert(record)) {
    case RecordStore::Insert::known:
    case RecordStore::Insert::stale:
      return;
    case RecordStore::Insert::clash:
      clashes_.push_back(std::move(record));
      return;
    case RecordStore::Insert::fresh:
      break;
  }
  gossip_.spread(record.key, session, now);
  if (kind == wire::RecordKind::links) reach_due_ = std::min(reach_due_, now + reach_interval);
  if (kind == wire::RecordKind::node) {
    if (is_new_node) {
      say({Event::Level::info, "peer", std::get<wire::NodeInfo>(record.body).name, "", "known", ""});
    }
    update_wanted(now);
  }
  fresh_.push_back(std::move(record));
}

/// Somebody holds a record of ours that we do not: this disk is behind what we once said, or a copy of us
/// lives. What we say now must count, so it is said again above it.
void Mesh::hear_own(const wire::Record& record, Time now) {
  const wire::Record* mine = records_.find(record.key);
  if (mine != nullptr && (mine->version > record.version || mine->content == record.content)) return;
  if (record.version.major < self_.incarnation) return;
  if (record.version.major > self_.incarnation) {
    self_.incarnation = record.version.major + 1;
    say({Event::Level::warning, "identity", self_.name, std::to_string(record.version.major),
         std::to_string(self_.incarnation),
         "peers remember a later start of this node: its state was rolled back, or a copy of it is running"});
  } else {
    info_version_ = std::max(info_version_, record.version.minor);
    links_version_ = std::max(links_version_, record.version.minor);
  }
  const wire::Record* info = records_.find(wire::node_key(self_.id));
  if (info != nullptr) {
    publish(wire::seal(info->body, {self_.incarnation, ++info_version_}, self_.identity, self_.cluster), now);
  }
  announced_.clear();
  update_links(now);
}

void Mesh::publish(const wire::Record& record, Time now) {
  records_.insert(record);
  gossip_.spread(record.key, 0, now);
}

void Mesh::describe(const wire::NodeInfo& info, Time now) {
  if (self_.cluster.is_zero()) return;
  const wire::Record* held = records_.find(wire::node_key(self_.id));
  if (held != nullptr && held->version.major == self_.incarnation &&
      std::get<wire::NodeInfo>(held->body) == info) {
    return;
  }
  publish(wire::seal(info, {self_.incarnation, ++info_version_}, self_.identity, self_.cluster), now);
}

// ---- links and reachability ----

/// A new link is announced at once; one that had been lost only when it has held for a while. A loss is
/// announced at once. Announcements are throttled, the more the more they come.
void Mesh::update_links(Time now) {
  reach_due_ = std::min(reach_due_, now);
  if (self_.cluster.is_zero()) return;
  const std::set<NodeId> linked = linked_peers();
  std::erase_if(announce_at_, [&](const auto& entry) { return !linked.contains(entry.first); });
  std::set<NodeId> stable;
  for (const NodeId& peer : linked) {
    const bool returned = ever_linked_.contains(peer) && !announced_.contains(peer);
    const Time at = announce_at_.try_emplace(peer, returned ? now + stable_after : now).first->second;
    if (at <= now) {
      stable.insert(peer);
    } else {
      links_due_ = std::min(links_due_, at);
    }
  }
  const bool published_before = records_.find(wire::links_key(self_.id)) != nullptr;
  if (stable == announced_ && published_before) return;
  if (published_before && now < links_published_ + links_throttle_) {
    links_due_ = std::min(links_due_, links_published_ + links_throttle_);
    return;
  }
  const bool calm = now > links_published_ + 4 * links_throttle_last;
  links_throttle_ = calm ? links_throttle_first : std::min(2 * links_throttle_, links_throttle_last);
  links_published_ = now;
  announced_ = stable;
  ever_linked_.insert(stable.begin(), stable.end());
  publish(wire::seal(wire::LinkSet{{stable.begin(), stable.end()}}, {self_.incarnation, ++links_version_},
                     self_.identity, self_.cluster),
          now);
}

/// Peers with an established session. A link already announced also counts while a new session with its peer
/// is in its handshake: of two that crossed one has just been closed.
std::set<NodeId> Mesh::linked_peers() const {
  std::set<NodeId> out = sessions_.linked();
  for (const NodeId& peer : announced_) {
    if (sessions_.busy_with(peer)) out.insert(peer);
  }
  std::erase_if(out, [&](const NodeId& peer) { return expelled_.contains(peer); });
  return out;
}

void Mesh::update_reach(Time now) {
  reach_due_ = Time::max();
  LinkState links;
  records_.each(wire::RecordKind::links, [&](const wire::Record& record) {
    links[wire::node_of(record.key)] = std::get<wire::LinkSet>(record.body).peers;
  });
  const std::set<NodeId> before = reach_.all();
  reach_ = Reach(self_.id, linked_peers(), links);
  const std::set<NodeId> after = reach_.all();
  for (const NodeId& node : after) {
    if (before.contains(node)) continue;
    reach_changed_[node] = now;
    say({Event::Level::info, "peer", name_of(node), "unreachable", "reachable", ""});
  }
  for (const NodeId& node : before) {
    if (after.contains(node)) continue;
    reach_changed_[node] = now;
    say({Event::Level::warning, "peer", name_of(node), "reachable", "unreachable",
         "no chain of links leads there; traffic to its pods is still sent"});
  }
  if (before != after) update_wanted(now);
}

void Mesh::update_wanted(Time now) {
  std::set<NodeId> members;
  records_.each(wire::RecordKind::node, [&](const wire::Record& record) {
    const NodeId node = wire::node_of(record.key);
    if (node != self_.id) members.insert(node);
  });
  // A node's links can be known before its own record is: then nobody knows yet where to call it.
  std::set<NodeId> reachable = reach_.all();
  std::erase_if(reachable, [&](const NodeId& node) { return !members.contains(node); });
  std::map<NodeId, std::vector<Endpoint>> wanted;
  for (const NodeId& node : choose_neighbours(self_.id, members, reachable)) {
    wanted[node] = info(node)->endpoints;
  }
  dialer_.want(wanted, now);
}

// ---- time ----

void Mesh::tick(Time now) {
  sessions_.tick(now);
  settle(now);
  if (links_due_ <= now) {
    links_due_ = Time::max();
    update_links(now);
  }
  if (reach_due_ <= now) update_reach(now);
  dialer_.tick(now);
  gossip_.tick(now);
}

Time Mesh::next_deadline() const {
  return std::min(
      {sessions_.next_deadline(), dialer_.next_deadline(), gossip_.next_deadline(), links_due_, reach_due_});
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

std::optional<Time> Mesh::reach_changed(const NodeId& node) const {
  const auto found = reach_changed_.find(node);
  if (found == reach_changed_.end()) return std::nullopt;
  return found->second;
}

}  // namespace overlay::mesh
