// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/registry.h"

#include <algorithm>

#include "overlay/node/electorate.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_register_copy_ask = 200ms;
constexpr Duration last_register_copy_ask = 5s;
constexpr Duration objection_memory =
    60s;  // whoever objects and lives hears of the other again, and objects anew
constexpr std::size_t reply_bytes = 64 * 1024;   // of records in one answer
constexpr std::size_t page_entries = 1000;       // of registrations
constexpr std::size_t max_candidates = 100'000;  // only the holders of known keys can become one

}  // namespace

// ---- registering ----

bool Registry::answers_under(std::uint64_t term) const {
  return context_.is_seated() && term == seated_since(context_) && known_since_ == term;
}

void Registry::hear(const Heard& heard, const wire::Register& asked, Time now) {
  if (!answers_under(asked.term) || context_.chain->removed(heard.from)) return;
  wire::RegisterReply reply;
  reply.term = asked.term;
  reply.life = asked.life;
  reply.after = asked.after;
  if (const auto known = lives_.find(heard.from); known != lives_.end()) reply.known = known->second;
  reply.kind = judge(heard.from, asked, now);
  if (reply.kind == wire::RegisterReply::Kind::accepted) {
    put(heard.from, asked.life);
    tell_blocks(heard.from, asked, reply);
  }
  context_.answer(heard, reply);
}

/// Compare and set. Whoever shows the nonce that is registered is the same, started again or living on.
/// Anybody else takes its place when it does not object: it is dead, or this one is it after a reboot.
wire::RegisterReply::Kind Registry::judge(const NodeId& node, const wire::Register& asked, Time now) {
  using Kind = wire::RegisterReply::Kind;
  const auto known = lives_.find(node);
  if (known == lives_.end()) return Kind::accepted;
  if (known->second.is_after(asked.life)) return Kind::behind;
  if (known->second.nonce == asked.life.nonce) {
    if (asked.against != 0) object(node, asked.against, now);
    return Kind::accepted;
  }
  return asked.life.is_after(known->second) ? judge_candidate(node, asked.life, now) : Kind::behind;
}

/// Against whoever has asked under a number up to `against`, and against such numbers that are still to come.
void Registry::object(const NodeId& node, std::uint64_t against, Time now) {
  Objection& objection = objections_[node];
  objection = {now < objection.until ? std::max(objection.against, against) : against,
               now + objection_memory};
  const auto candidate = candidates_.find(node);
  if (candidate != candidates_.end() && candidate->second.incarnation <= objection.against)
    candidate->second.refused_until = candidate->second.since = objection.until;
}

wire::RegisterReply::Kind Registry::judge_candidate(const NodeId& node, const wire::Life& life, Time now) {
  using Kind = wire::RegisterReply::Kind;
  if (is_alone(node)) return Kind::accepted;
  if (candidates_.size() >= max_candidates) candidates_.clear();
  Candidate& candidate = candidates_.try_emplace(node, Candidate{life.nonce, 0, now, now, {}}).first->second;
  if (candidate.nonce != life.nonce) {
    // Of two that ask in turn every voter must prefer the same, or they would keep each other waiting for
    // ever.
    const bool comes_first = life.nonce < candidate.nonce || now >= candidate.heard + objection_time;
    if (!comes_first) return Kind::waiting;
    candidate = {life.nonce, 0, now, now, {}};
  }
  candidate.heard = now;
  candidate.incarnation = life.incarnation;
  const auto objection = objections_.find(node);
  const bool stands = objection != objections_.end() && now < objection->second.until;
  if (stands && life.incarnation <= objection->second.against)
    candidate.refused_until = candidate.since = objection->second.until;
  if (now < candidate.refused_until) return Kind::refused;
  return now >= candidate.since + objection_time ? Kind::accepted : Kind::waiting;
}

/// An only voter asks itself: an objection could not come here.
bool Registry::is_alone(const NodeId& node) const {
  return node == context_.id && context_.chain->voters().size() == 1;
}

void Registry::put(const NodeId& node, const wire::Life& life) {
  wire::Life& known = lives_[node];
  if (known.nonce != life.nonce) {
    candidates_.erase(node);
    objections_.erase(node);
  }
  if (known == life) return;
  known = life;
  context_.persist(wire::RegistrationEntry{node, life});
}

/// What it owns by records in force, and what took away what it believes it owns. A node that starts for the
/// first time cannot own anything.
void Registry::tell_blocks(const NodeId& node, const wire::Register& asked, wire::RegisterReply& reply) {
  if (asked.life.incarnation <= 1) return;
  std::set<Prefix> due;
  const ipam::BlockMap& claims = quorum_.claims();
  for (const Prefix& block : context_.blocks_of(node, claims)) due.insert(block);
  for (const Prefix& block : asked.blocks) {
    for (const ipam::BlockRecord& other : claims.overlapping(block)) {
      if (other.state == ipam::BlockState::owned && context_.chain->successor(other.owner) == node) continue;
      const bool in_force = !quorum_.kept().contains(other.prefix);
      if (in_force) due.insert(other.prefix);
      if (!in_force && !asked.after) reply.released.push_back(block);
    }
  }
  std::size_t bytes = 0;
  for (auto at = asked.after ? due.upper_bound(*asked.after) : due.begin(); at != due.end(); ++at) {
    const Bytes* envelope = quorum_.kept().contains(*at) ? nullptr : quorum_.envelope_of(*at);
    if (envelope == nullptr) continue;
    bytes += envelope->size();
    reply.envelopes.push_back(*envelope);
    reply.more = bytes > reply_bytes;
    if (reply.more) return;
  }
}

// ---- after a change of voters ----

void Registry::tick(Time now) {
  if (!context_.chain || !context_.is_seated()) {
    ask_at_ = Time::max();
    return;
  }
  const consensus::Decree* next = next_seating();
  if (next != nullptr && next->index != term_) begin(*next, now);
  if (ask_at_ > now) return;
  step_ = std::clamp<Duration>(2 * step_, first_register_copy_ask, last_register_copy_ask);
  ask_at_ = sources_.empty() ? Time::max() : now + context_.rng.between(step_ / 2, step_);
  for (const auto& [voter, source] : sources_) {
    if (!source.done) context_.tell(voter, wire::RegistryRequest{term_, source.after});
  }
}

bool Registry::learns_from(const NodeId& voter) const {
  const consensus::Decree* next = context_.is_seated() ? next_seating() : nullptr;
  if (next == nullptr) return false;
  const auto before = ids_of(context_.chain->voters(next->follows));
  if (std::find(before.begin(), before.end(), voter) == before.end()) return false;
  const auto source = sources_.find(voter);
  return next->index != term_ || source == sources_.end() || !source->second.done;
}

/// One after the other since this node has been a voter: whoever voted before it must know all that came
/// before.
const consensus::Decree* Registry::next_seating() const {
  const consensus::Decree* next = nullptr;
  const auto votes_in = [&](const std::vector<PublicKey>& voters) {
    return std::find(voters.begin(), voters.end(), context_.identity.public_key) != voters.end();
  };
  for (const consensus::Decree& decree : context_.chain->decrees()) {
    if (decree.index <= known_since_ || !seats_others(context_, decree)) continue;
    const bool is_new = votes_in(decree.voters) && !votes_in(context_.chain->voters(decree.follows));
    if (next == nullptr || is_new) next = &decree;
  }
  return next;
}

/// As with a seat that is taken over: they answer once they know the decree, and accept nothing under an
/// older one from then on. Nobody can be asked for what the voters before a recovery knew.
void Registry::begin(const consensus::Decree& seating, Time now) {
  term_ = seating.index;
  step_ = {};
  ask_at_ = now;
  sources_.clear();
  for (const NodeId& voter : ids_of(context_.chain->voters(seating.follows))) {
    sources_[voter].done = voter == context_.id || seating.is_recovery();
  }
  finish_if_known();
}

void Registry::finish_if_known() {
  const auto told =
      std::count_if(sources_.begin(), sources_.end(), [](const auto& source) { return source.second.done; });
  if (2 * static_cast<std::size_t>(told) <= sources_.size()) return;
  known_since_ = term_;
  sources_.clear();
  context_.persist(wire::RegistryEntry{term_});
}

void Registry::hear(const Heard& heard, const wire::RegistryReply& reply) {
  const auto source = sources_.find(heard.from);
  if (source == sources_.end() || source->second.done || reply.term != term_ ||
      reply.after != source->second.after) {
    return;
  }
  for (const auto& [node, life] : reply.entries) {
    source->second.after = std::max(source->second.after, node);
    const auto known = lives_.find(node);
    if (known == lives_.end() || life.is_after(known->second)) put(node, life);
  }
  source->second.done = !reply.more || reply.entries.empty();
  if (!source->second.done) {
    context_.tell(heard.from, wire::RegistryRequest{term_, source->second.after});
  } else {
    finish_if_known();
  }
}

void Registry::hear(const Heard& heard, const wire::RegistryRequest& request) {
  const auto& decrees = context_.chain->decrees();
  const auto seating = std::find_if(decrees.begin(), decrees.end(),
                                    [&](const auto& decree) { return decree.index == request.term; });
  if (seating == decrees.end()) return;  // this voter may still accept something older
  if (known_since_ < seated_since(context_, seating->follows)) return;  // nor does it know all itself
  wire::RegistryReply reply{request.term, request.after, {}, false};
  for (auto at = lives_.upper_bound(request.after); at != lives_.end(); ++at) {
    if (reply.entries.size() >= page_entries) {
      reply.more = true;
      break;
    }
    reply.entries.emplace_back(*at);
  }
  context_.answer(heard, reply);
}

}  // namespace overlay::node
