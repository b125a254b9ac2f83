// SPDX-License-Identifier: Apache-2.0
// Records: which are taken, held or left out, and what this node says of itself.
#include <algorithm>

#include "overlay/mesh/mesh.h"

namespace overlay::mesh {
namespace {

constexpr std::size_t max_held = 4096;  // records that wait for a decree; more can be heard again
constexpr std::size_t max_held_bytes = 8 * 1024 * 1024;

}  // namespace

// ---- hearing ----

void Mesh::hear(SessionId session, wire::Records& records, Time now) {
  const Origin origin{session, !records.repair};
  std::size_t fresh = 0;
  std::size_t known = 0;
  for (const Bytes& envelope : records.envelopes) {
    if (sessions_.find(session) == nullptr) break;
    const Heard heard = hear_record(origin, envelope, now);
    fresh += heard == Heard::fresh ? 1 : 0;
    known += heard == Heard::known ? 1 : 0;
  }
  (origin.is_news ? heard_.news : heard_.repairs) += fresh;
  heard_.known += known;
  stirred_ = stirred_ || known < records.envelopes.size();
  anti_entropy_.progress(session, now);
  if (origin.is_news) gossip_.heard(session, fresh, known);
}

Mesh::Heard Mesh::hear_record(const Origin& origin, const Bytes& envelope, Time now) {
  const auto record = opener_.read(envelope);
  if (!record && record.error().code == Errc::unsupported)
    return Heard::other;  // of a newer version: not for us
  if (record && is_nothing_new(**record)) {
    gossip_.knows(origin.session, (*record)->key);
    return Heard::known;
  }
  Status judged = record ? opener_.check_signature(**record, self_.cluster) : Status(record.error());
  if (judged && std::holds_alternative<consensus::Genesis>((*record)->body)) {
    hear_genesis(origin.session, **record);
    return Heard::other;
  }
  if (self_.cluster.is_zero()) return Heard::other;
  if (judged) {
    const auto heard = judge_record(origin, *record, now);
    if (heard) return *heard;
    judged = heard.error();
  }
  sessions_.refuse(origin.session, "the peer sent " + judged.error().text);
  return Heard::other;
}

void Mesh::hear_genesis(SessionId session, const wire::Record& record) {
  const ClusterId theirs = wire::cluster_of(record);
  if (self_.cluster.is_zero()) {
    genesis_.push_back(record);
  } else if (theirs != self_.cluster) {
    const Session* from = sessions_.find(session);
    sessions_.refuse(session, other_cluster(self_.name, self_.cluster, from->peer->name, theirs));
  }
}

/// A record may come by several ways; only the first is worth a look at its signature.
bool Mesh::is_nothing_new(const wire::Record& record) const {
  const wire::Record* held = records_.find(record.key);
  return held != nullptr && (held->content == record.content || record.version < held->version);
}

/// An error for what no honest peer can have sent.
Result<Mesh::Heard> Mesh::judge_record(const Origin& origin, const wire::RecordRef& record, Time now) {
  const Status judged = judge_(*record);
  if (judged) return accept_record(origin, record, now);
  switch (judged.error().code) {
    case Errc::unavailable:
      hold(origin.session, *record);
      return Heard::other;
    case Errc::exists:
      return Heard::other;
    case Errc::conflict:
      clashes_.push_back(*record);
      return Heard::other;
    default:
      return judged.error();
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
    const auto record = std::make_shared<const wire::Record>(std::move(held.record));
    ignore_error(judge_record({held.session, true}, record, now), "a record that will never count");
  }
}

void Mesh::fetch(const std::vector<wire::RecordKey>& keys) {
  wire::Want want;
  for (const wire::RecordKey& key : keys) want.keys.push_back(wire::hash_of(key));
  std::set<SessionId> from;
  for (const auto& [key, held] : held_) from.insert(held.session);
  for (const SessionId session : from) {
    const Session* open = sessions_.find(session);
    if (open == nullptr || open->state != Session::State::established) continue;
    sessions_.send(session, want);
  }
}

Figures Mesh::figures() const {
  using Kind = wire::RecordKind;
  Figures out = heard_;
  out.sent_bytes = sessions_.sent_bytes();
  out.heard_bytes = sessions_.heard_bytes();
  out.records = {{"decree", records_.count(Kind::decree)},
                 {"node", records_.count(Kind::node)},
                 {"links", records_.count(Kind::links)},
                 {"block", records_.count(Kind::block)},
                 {"fork", records_.count(Kind::fork)}};
  out.comparisons = anti_entropy_.figures();
  return out;
}

// ---- keeping ----

Mesh::Heard Mesh::accept_record(const Origin& origin, const wire::RecordRef& record, Time now) {
  const auto kind = wire::kind_of(record->key);
  const bool about_self = (kind == wire::RecordKind::node || kind == wire::RecordKind::links) &&
                          wire::node_of(record->key) == self_.id;
  if (about_self) {
    hear_own(*record);
    return Heard::other;
  }
  const bool is_new_node = kind == wire::RecordKind::node && records_.find(record->key) == nullptr;
  switch (records_.insert(record)) {
    case RecordStore::Insert::known:
    case RecordStore::Insert::stale:
      return Heard::known;
    case RecordStore::Insert::clash:
      clashes_.push_back(*record);
      return Heard::other;
    case RecordStore::Insert::fresh:
      break;
  }
  gossip_.knows(origin.session, record->key);
  // What a newcomer is told of the past its other neighbours know already.
  if (origin.is_news || synced()) gossip_.spread(record->key, origin.session, now);
  know(record);
  if (kind == wire::RecordKind::node) want_later(now);
  if (is_new_node) {
    say({Event::Level::info, "peer", std::get<wire::NodeInfo>(record->body).name, "", "known", ""});
  }
  fresh_.push_back(record);
  return Heard::fresh;
}

void Mesh::know(const wire::RecordRef& record) {
  const auto kind = wire::kind_of(record->key);
  if (kind == wire::RecordKind::node) reach_.know(wire::node_of(record->key));
  if (kind == wire::RecordKind::links) reach_.set_links(wire::node_of(record->key), record);
}

void Mesh::restore(wire::Record record) {
  const auto kept = std::make_shared<const wire::Record>(std::move(record));
  records_.insert(kept);
  know(kept);
}

void Mesh::erase(const wire::RecordKey& key) {
  records_.erase(key);
  if (wire::kind_of(key) == wire::RecordKind::links) reach_.set_links(wire::node_of(key), nullptr);
}

void Mesh::expel(const NodeId& node, Time now) {
  if (node == self_.id) return;
  expelled_.insert(node);
  erase(wire::node_key(node));
  erase(wire::links_key(node));
  own_links_.look_at(now);
  update_wanted(now);
}

// ---- saying ----

/// Somebody holds a record of ours that we did not write: this disk is behind what we once said, or a copy of
/// us lives. Which it is, others must judge.
void Mesh::hear_own(const wire::Record& record) {
  const wire::Record* mine = records_.find(record.key);
  if (mine != nullptr && (mine->version > record.version || mine->content == record.content)) return;
  if (record.version.major >= self_.incarnation) heard_of_self_.push_back(record.version.major);
}

void Mesh::rise(std::uint64_t incarnation, Time now) {
  self_.incarnation = incarnation;
  own_links_.forget();
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

}  // namespace overlay::mesh
