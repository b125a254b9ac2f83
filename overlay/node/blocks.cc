// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/blocks.h"

#include <algorithm>

#include "overlay/node/judge.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_ask_again = 100ms;
constexpr Duration last_ask_again = 5s;
constexpr std::size_t patience = 4;      // unanswered requests, before another voter is asked
constexpr Duration spare_after = 10min;  // a block must have been idle this long
constexpr Duration quarantine = 1h;      // of what a removed node owned, which may still be alive somewhere
constexpr Duration reclaim_interval = 10s;

Duration next_step(Duration step) {
  return step == Duration{} ? first_ask_again : std::min(2 * step, last_ask_again);
}

}  // namespace

// ---- records ----

void Blocks::apply(const wire::Record& record, Time now) {
  const auto& block = std::get<ipam::BlockRecord>(record.body);
  std::vector<ipam::BlockRecord> others;
  switch (context_.blocks.merge(block, &others)) {
    case ipam::Merge::known:
      return;
    case ipam::Merge::stale:
      context_.mesh->erase(record.key);
      return;
    case ipam::Merge::fork:
      report_fork(block, now);
      return;
    case ipam::Merge::applied:
      break;
  }
  quorum_.know(block);
  if (block.state == ipam::BlockState::quarantine) quarantined_.try_emplace(block.prefix, now);
  context_.drop_block_records(others);
  context_.persist(wire::RecordEntry{record.envelope}, block.owner == context_.id || context_.is_voter());
  context_.kernel_dirty = true;
  const bool had = std::any_of(others.begin(), others.end(), [&](const ipam::BlockRecord& other) {
    return other.prefix == block.prefix && other.owner == context_.id;
  });
  if (had && block.owner != context_.id) lose(block);
  if (!had && block.owner == context_.id) take(block);
}

void Blocks::take(const ipam::BlockRecord& block) {
  settle_pending(block);
  if (context_.home.try_emplace(block.prefix.family(), block.prefix).second) {
    context_.persist(wire::HomeEntry{block.prefix});
  }
  context_.say({Event::Level::info, "block", block.prefix.text(), "", "owned", ""});
}

void Blocks::lose(const ipam::BlockRecord& block) {
  returning_.erase(block.prefix);
  if (context_.returning.erase(block.prefix) == 0) return;
  context_.say({Event::Level::info, "block", block.prefix.text(), "owned", "returned", ""});
}

void Blocks::settle_pending(const ipam::BlockRecord& block) {
  const auto pending = pending_.find(block.prefix.family());
  if (pending != pending_.end() && pending->second.request == block.request) pending_.erase(pending);
}

void Blocks::clash(const wire::Record& record, Time now) {
  if (const auto* block = std::get_if<ipam::BlockRecord>(&record.body)) report_fork(*block, now);
}

void Blocks::report_fork(const ipam::BlockRecord& block, Time now) {
  context_.raise("fork",
                 "two records of epoch " + std::to_string(block.epoch.term) + "." +
                     std::to_string(block.epoch.seq) + " disagree about " + block.prefix.text() +
                     "; the voter that holds seat " + std::to_string(block.seat) +
                     " was rolled back or runs twice: stop the copy",
                 now);
}

void Blocks::put_in_force(Time now) {
  for (const wire::Record& record : quorum_.take_in_force()) {
    const auto& block = std::get<ipam::BlockRecord>(record.body);
    const bool owned = block.state == ipam::BlockState::owned;
    const std::string back = block.state == ipam::BlockState::free ? "free" : "quarantine";
    context_.mesh->publish(record, now);
    apply(record, now);
    context_.say({Event::Level::info, "block", block.prefix.text(), owned ? "free" : "owned",
                  owned ? "owned" : back, owned ? "by " + context_.mesh->name_of(block.owner) : ""});
  }
}

// ---- asking ----

void Blocks::tick(Time now) {
  if (!context_.chain) return;
  want(now);
  spare(now);
  reclaim(now);
  for (auto& [family, pending] : pending_) {
    if (pending.ask_at <= now) ask(family, pending, now);
  }
  for (auto& [prefix, returning] : returning_) {
    if (returning.ask_at <= now) give_back(prefix, returning, now);
  }
}

void Blocks::want(Time now) {
  const ipam::Supply supply = context_.supply();
  for (const Family family : supply.families) {
    if (pending_.contains(family) || !context_.leases.wants_block(family, supply, now)) continue;
    begin_request(family, pending_[family], now);
  }
}

/// A fresh request, to the next voter; when all have refused, to whichever will be next.
void Blocks::begin_request(Family family, PendingBlock& pending, Time now) {
  const auto voter = next_voter(pending);
  if (!voter) {
    pending.trouble = pending.refusals.begin()->second;
    pending.refusals.clear();
    pending.ask_at = now + last_ask_again;
    pending.voter = {};
    return;
  }
  pending.voter = *voter;
  pending.request = context_.rng.bytes<RequestId>();
  pending.unanswered = 0;
  pending.step = {};
  pending.ask_at = now;
  context_.persist(wire::RequestEntry{pending.request, family, pending.voter});
}

/// This node itself when it holds seats, else any reachable voter, else any; none when all have refused.
std::optional<NodeId> Blocks::next_voter(const PendingBlock& pending) {
  std::vector<NodeId> reachable;
  std::vector<NodeId> all;
  for (const PublicKey& key : context_.chain->voters()) {
    const NodeId voter = hash_id<NodeId>(key.view());
    if (pending.refusals.contains(voter)) continue;
    if (voter == context_.id) return voter;
    all.push_back(voter);
    if (voter != pending.voter && context_.mesh->reaches(voter)) reachable.push_back(voter);
  }
  const auto& from = reachable.empty() ? all : reachable;
  if (from.empty()) return std::nullopt;
  return from[context_.rng.below(from.size())];
}

void Blocks::ask(Family family, PendingBlock& pending, Time now) {
  if (pending.voter.is_zero() || pending.unanswered >= patience) begin_request(family, pending, now);
  if (pending.voter.is_zero()) return;
  ++pending.unanswered;
  pending.step = next_step(pending.step);
  pending.ask_at = now + context_.rng.between(pending.step / 2, pending.step);
  if (!context_.tell(pending.voter, wire::BlockRequest{pending.request, family})) {
    pending.trouble = "the voter " + context_.mesh->name_of(pending.voter) + " is unreachable";
  }
}

void Blocks::hear(const Heard& heard, const wire::BlockReply& reply, Time now) {
  for (auto& [family, pending] : pending_) {
    if (pending.request != reply.request || pending.voter != heard.from) continue;
    pending.unanswered = 0;
    pending.trouble = reply.text;
    if (reply.kind != wire::BlockReply::Kind::refused) return;
    pending.refusals[heard.from] = reply.text;
    begin_request(family, pending, now);
    return;
  }
}

void Blocks::restore_pending(const wire::RequestEntry& entry) {
  PendingBlock& pending = pending_[entry.family];
  pending = {};
  pending.request = entry.request;
  pending.voter = entry.voter;
}

// ---- giving back ----

void Blocks::restore_returning(const Prefix& prefix) {
  context_.returning.insert(prefix);
  returning_[prefix] = {};
}

/// An idle block is given back when the others would stay under half full, and have long. The first block
/// stays: the host's own address is in it.
void Blocks::spare(Time now) {
  const ipam::Supply supply = context_.supply();
  for (const Family family : supply.families) {
    const auto idle = context_.leases.spare_block(family, supply, context_.home, now);
    if (!idle || pending_.contains(family)) {
      idle_since_.erase(family);
      continue;
    }
    const Time since = idle_since_.try_emplace(family, now).first->second;
    if (now < since + spare_after) continue;
    idle_since_.erase(family);
    context_.returning.insert(*idle);
    context_.persist(wire::ReturningEntry{*idle});
    returning_[*idle].ask_at = now;
  }
}

/// What removed nodes owned and nobody inherits goes back to its seat. Looked at from time to time: a record
/// that names a removed node may come late.
void Blocks::reclaim(Time now) {
  if (!context_.is_voter() || context_.chain->all_removed().empty() || now < reclaim_due_) return;
  reclaim_due_ = now + reclaim_interval;
  const auto seats = takeover_.ready_seats();
  for (const auto& [node, removal] : context_.chain->all_removed()) {
    if (context_.chain->successor(node)) continue;
    for (const ipam::BlockRecord& block : quorum_.claims().owned_by(node)) {
      if (!std::binary_search(seats.begin(), seats.end(), block.seat)) continue;
      quorum_.propose({block.prefix, {}, block.seat, ipam::BlockState::quarantine, {}, {}, {}}, now);
    }
  }
}

void Blocks::give_back(const Prefix& prefix, ReturningBlock& returning, Time now) {
  const ipam::BlockRecord* block = context_.blocks.find(prefix);
  returning.step = next_step(returning.step);
  returning.ask_at = now + context_.rng.between(returning.step / 2, returning.step);
  if (block == nullptr || block->owner != context_.id) return;
  const auto holder = context_.chain->holder(block->seat);
  if (!holder) return;
  const Bytes release = wire::sign_statement(wire::Release{prefix, block->epoch}, wire::everybody,
                                             context_.identity, context_.chain->cluster());
  context_.tell(hash_id<NodeId>(holder->view()), wire::Return{release});
}

void Blocks::hear(const Heard& heard, const wire::Return& given, Time now) {
  const auto statement = wire::open_statement(given.release, wire::everybody, context_.chain->cluster());
  const auto* release = statement ? std::get_if<wire::Release>(&statement->body) : nullptr;
  if (release == nullptr || statement->from() != heard.from) return;
  const ipam::BlockRecord* held = quorum_.claims().find(release->prefix);
  const auto seats = takeover_.ready_seats();
  if (held == nullptr || held->state != ipam::BlockState::owned || held->owner != heard.from ||
      held->epoch != release->epoch || !std::binary_search(seats.begin(), seats.end(), held->seat)) {
    return;
  }
  quorum_.propose({held->prefix, {}, held->seat, ipam::BlockState::free, {}, {}, given.release}, now);
}

// ---- granting ----

void Blocks::hear(const Heard& heard, const wire::BlockRequest& request, Time now) {
  context_.answer(heard, grant(heard.from, request.family, request.request, now));
}

/// The record is on disk before the reply or the gossip leaves: it is in the output's persists.
wire::BlockReply Blocks::grant(const NodeId& owner, Family family, const RequestId& request, Time now) {
  using Kind = wire::BlockReply::Kind;
  const auto granted = quorum_.claims().by_request(request);
  if (!granted.empty()) {
    const std::string wait = quorum_.waiting_for(granted.front().prefix);
    return {request, wait.empty() ? Kind::granted : Kind::waiting, wait};
  }
  if (!context_.is_voter()) return {request, Kind::refused, context_.config.name + " is no voter"};
  if (const auto removed = context_.chain->removed(owner)) {
    return {request, Kind::refused, "this node was removed by decree " + std::to_string(removed->index)};
  }
  const auto seats = takeover_.ready_seats();
  if (const std::string wait = takeover_.waiting_for(); seats.empty()) {
    return {request, Kind::waiting, context_.config.name + " waits for " + wait};
  }
  for (const ipam::Space& space : context_.spaces()) {
    if (space.pool.family() != family) continue;
    const auto over = [&](const ipam::BlockRecord& block) {
      return quarantined_.try_emplace(block.prefix, now).first->second + quarantine <= now;
    };
    const auto prefix = ipam::choose_block(quorum_.claims(), space, seats, over);
    if (!prefix) return {request, Kind::refused, exhausted(family)};
    quorum_.propose({*prefix, {}, ipam::seat_of(space, *prefix), ipam::BlockState::owned, owner, request, {}},
                    now);
    const std::string wait = quorum_.waiting_for(*prefix);
    return {request, wait.empty() ? Kind::granted : Kind::waiting, wait};
  }
  return {request, Kind::refused, "the cluster has no " + std::string(name(family)) + " pool"};
}

std::string Blocks::exhausted(Family family) const {
  std::map<NodeId, std::size_t> held;
  std::size_t total = 0;
  for (const auto& [prefix, block] : context_.blocks.all()) {
    if (prefix.family() != family || block.state != ipam::BlockState::owned) continue;
    ++held[block.owner];
    ++total;
  }
  std::string holders;
  std::size_t named = 0;
  for (const auto& [node, count] : held) {
    if (++named > 5) break;
    holders += (holders.empty() ? "" : ", ") + context_.mesh->name_of(node) + " " + std::to_string(count);
    if (node != context_.id && !context_.mesh->reaches(node)) holders += " (unreachable)";
  }
  if (held.size() > 5) holders += " and " + std::to_string(held.size() - 5) + " more";
  return "no free " + std::string(name(family)) + " block is left in the pool: " + std::to_string(total) +
         " are owned, by " + holders;
}

Time Blocks::next_deadline() const {
  const bool reclaims = context_.is_voter() && !context_.chain->all_removed().empty();
  Time next = reclaims ? reclaim_due_ : Time::max();
  for (const auto& [family, pending] : pending_) next = std::min(next, pending.ask_at);
  for (const auto& [prefix, returning] : returning_) next = std::min(next, returning.ask_at);
  for (const auto& [family, since] : idle_since_) next = std::min(next, since + spare_after);
  return next;
}

std::string Blocks::refusal() const {
  for (const auto& [family, pending] : pending_) {
    if (!pending.trouble.empty()) return pending.trouble;
  }
  return {};
}

std::string Blocks::waiting_for() const {
  const ipam::Supply supply = context_.supply();
  for (const Family family : supply.families) {
    const bool has = std::any_of(supply.blocks.begin(), supply.blocks.end(),
                                 [&](const Prefix& block) { return block.family() == family; });
    if (has) continue;
    const auto pending = pending_.find(family);
    const bool troubled = pending != pending_.end() && !pending->second.trouble.empty();
    return "an " + std::string(name(family)) + " address block" +
           (troubled ? ": " + pending->second.trouble : "");
  }
  return {};
}

}  // namespace overlay::node
