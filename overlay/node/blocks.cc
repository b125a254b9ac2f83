// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/blocks.h"

#include <algorithm>

#include "overlay/node/judge.h"
#include "overlay/node/named_blocks.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_ask_again = 100ms;
constexpr Duration last_ask_again = 5s;
constexpr std::size_t patience = 4;  // unanswered requests, before another voter is asked

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
      report_fork(record, others.front().prefix, now);
      return;
    case ipam::Merge::applied:
      break;
  }
  quorum_.know(block);
  if (block.state != ipam::BlockState::owned && context_.is_voter()) {
    context_.at_rest.try_emplace(block.prefix, now);
  }
  context_.look_for_owner(block);
  context_.drop_block_records(others);
  context_.persist(wire::RecordEntry{record.envelope}, context_.is_mine(block) || context_.is_voter());
  if (block.state == ipam::BlockState::owned) context_.replan(block.owner);
  for (const ipam::BlockRecord& other : others) {
    if (other.state == ipam::BlockState::owned) context_.replan(other.owner);
  }
  bool had = false;
  for (const ipam::BlockRecord& other : others) {
    if (!context_.is_mine(other)) continue;
    const bool stays = context_.is_mine(block) && other.prefix == block.prefix;
    had = had || stays;
    if (!stays) lose(other);
  }
  if (!context_.is_mine(block)) return;
  settle_pending(block);
  if (!had) take(block);
}

void Blocks::take(const ipam::BlockRecord& block) {
  const Family family = block.prefix.family();
  if (!context_.home.contains(family) || named_block(context_, family) == block.prefix) {
    context_.home[family] = block.prefix;
    context_.persist(wire::HomeEntry{block.prefix});
  }
  context_.say({Event::Level::info, "block", block.prefix.text(), "", "owned", ""});
}

/// Given back, or taken by a decree: then pods may still have addresses of it.
void Blocks::lose(const ipam::BlockRecord& block) {
  returning_.erase(block.prefix);
  const bool returned = context_.returning.erase(block.prefix) != 0;
  const auto home = context_.home.find(block.prefix.family());
  if (home != context_.home.end() && home->second == block.prefix) context_.home.erase(home);
  if (context_.leases.in_use(block.prefix) != 0) lost_.insert(block.prefix);
  context_.say(
      {Event::Level::info, "block", block.prefix.text(), "owned", returned ? "returned" : "lost", ""});
}

void Blocks::tell_of_lost(Time now) {
  if (lost_.empty()) return;
  std::erase_if(lost_, [&](const Prefix& block) { return context_.leases.in_use(block) == 0; });
  if (lost_.empty()) return context_.clear("lost-block");
  std::string what;
  for (const Prefix& block : lost_) what += (what.empty() ? "" : ", ") + block.text();
  context_.raise(
      "lost-block",
      what +
          " went to another node by decree, and pods of this host still have addresses of it, which "
          "nobody reaches any more: start them anew",
      now);
}

void Blocks::settle_pending(const ipam::BlockRecord& block) {
  const auto pending = pending_.find(block.prefix.family());
  if (pending == pending_.end()) return;
  const bool is_named = named_block(context_, block.prefix.family()) == block.prefix;
  const bool is_asked_for = std::ranges::any_of(
      pending->second.said_to, [&](const auto& said) { return said.second == block.request; });
  if (is_named || is_asked_for) pending_.erase(pending);
}

void Blocks::clash(const wire::Record& record, Time now) {
  const auto* block = std::get_if<ipam::BlockRecord>(&record.body);
  if (block != nullptr) report_fork(record, block->prefix, now);
}

/// `with`: the prefix of the record that is held and that this one contradicts.
void Blocks::report_fork(const wire::Record& record, const Prefix& with, Time now) {
  const wire::Record* held = context_.mesh->records().find(wire::block_key(with));
  if (held != nullptr) forks_.report(record.envelope, held->envelope, now);
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
  if (!context_.registered) return;
  if (context_.departure.leaving) {
    retire_all(now);
  } else {
    leave_unnamed(now);
    want(now);
    spare(now);
  }
  tell_of_lost(now);
  for (auto& [family, pending] : pending_) {
    if (pending.ask_at <= now) ask(family, pending, now);
  }
  for (auto& [prefix, returning] : returning_) {
    if (returning.ask_at <= now) give_back(prefix, returning, now);
  }
}

void Blocks::want(Time now) {
  if (context_.departure.drained) return;
  const ipam::Supply supply = context_.supply();
  for (const Family family : supply.families) {
    if (pending_.contains(family) || !lacks(family, supply, now)) continue;
    begin_request(family, pending_[family], now);
  }
}

bool Blocks::lacks(Family family, const ipam::Supply& supply, Time now) const {
  if (!context_.names_blocks()) return context_.leases.wants_block(family, supply, now);
  const auto named = named_block(context_, family);
  const auto& blocks = supply.blocks;
  return named && check_is_block(context_, *named) &&
         std::find(blocks.begin(), blocks.end(), *named) == blocks.end();
}

void Blocks::are_named(const std::vector<Prefix>& blocks) {
  std::map<Family, Prefix> named;
  for (const Prefix& block : blocks) named.emplace(block.family(), block);
  if (named == context_.named) return;
  context_.named = std::move(named);
  // What was asked for is another's by now, or was given back too soon.
  if (!context_.names_blocks()) return;
  pending_.clear();
  for (const auto& [family, block] : context_.named) {
    context_.returning.erase(block);
    returning_.erase(block);
  }
}

/// What Kubernetes has taken from this node is leased no more, and given back when its last pod is gone.
void Blocks::leave_unnamed(Time now) {
  if (context_.named.empty()) return;
  for (const Prefix& block : context_.supply().blocks) {
    const auto named = named_block(context_, block.family());
    if (named && *named != block) retire(block, now);
  }
}

/// To the next voter, as it was said to that one before; when all have refused, to whichever will be next.
void Blocks::begin_request(Family family, PendingBlock& pending, Time now) {
  const auto voter = next_voter(family, pending);
  if (!voter) {
    pending.trouble = pending.refusals.begin()->second;
    pending.refusals.clear();
    pending.ask_at = now + last_ask_again;
    pending.voter = {};
    return;
  }
  pending.voter = *voter;
  const auto [said, is_new] = pending.said_to.try_emplace(*voter);
  if (is_new) said->second = context_.rng.bytes<RequestId>();
  pending.request = said->second;
  pending.unanswered = 0;
  pending.step = {};
  pending.ask_at = now;
  context_.persist(wire::RequestEntry{pending.request, family, pending.voter});
}

/// This node itself when it holds seats, else any reachable voter, else any; none when all have refused. A
/// named block only one can grant.
std::optional<NodeId> Blocks::next_voter(Family family, const PendingBlock& pending) {
  if (const auto named = named_block(context_, family)) {
    const auto holder = context_.chain->holder(seat_of(context_, *named).value_or(0));
    const NodeId voter = holder ? hash_id<NodeId>(holder->view()) : NodeId{};
    return pending.refusals.contains(voter) ? std::nullopt : std::optional(voter);
  }
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
  if (context_.names_blocks() && !named_block(context_, family)) {
    pending.ask_at = Time::max();  // of an earlier life; when one is named it is asked for anew
    return;
  }
  if (pending.voter.is_zero() || pending.unanswered >= patience) begin_request(family, pending, now);
  if (pending.voter.is_zero()) return;
  ++pending.unanswered;
  pending.step = next_step(pending.step);
  pending.ask_at = now + context_.rng.between(pending.step / 2, pending.step);
  const wire::BlockRequest request{pending.request, family, named_block(context_, family)};
  if (!context_.tell(pending.voter, request)) {
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
  pending.request = entry.request;
  pending.voter = entry.voter;
  pending.said_to[entry.voter] = entry.request;
}

// ---- giving back ----

void Blocks::stop_using(const Prefix& prefix) {
  const ipam::BlockRecord* block = context_.blocks.find(prefix);
  if (block != nullptr && context_.is_mine(*block)) retire(prefix, {});
}

void Blocks::restore_returning(const Prefix& prefix) {
  context_.returning.insert(prefix);
  returning_[prefix] = {};
}

/// Nothing is leased from it from now on; it is given back when nobody has an address of it.
void Blocks::retire(const Prefix& block, Time now) {
  if (!context_.returning.insert(block).second) return;
  context_.persist(wire::ReturningEntry{block});
  returning_[block] = {now, {}, false};
}

/// What was asked for and comes yet goes back as well.
void Blocks::retire_all(Time now) {
  pending_.clear();
  for (const Prefix& block : context_.blocks_of(context_.id)) retire(block, now);
}

void Blocks::retire_idle(const ipam::Supply& supply, Time now) {
  for (const Prefix& block : supply.blocks) {
    const auto home = context_.home.find(block.family());
    const bool is_home = home != context_.home.end() && home->second == block;
    if (!is_home && context_.leases.is_idle(block, now)) retire(block, now);
  }
}

/// An idle block is given back when the others would stay under half full, and have long. The first block
/// stays: the host's own address is in it.
void Blocks::spare(Time now) {
  const ipam::Supply supply = context_.supply();
  if (context_.departure.drained) return retire_idle(supply, now);
  for (const Family family : supply.families) {
    const auto idle = context_.leases.spare_block(family, supply, context_.home, now);
    if (!idle || pending_.contains(family)) {
      idle_since_.erase(family);
      continue;
    }
    const Time since = idle_since_.try_emplace(family, now).first->second;
    if (now < since + context_.config.spare_after) continue;
    idle_since_.erase(family);
    retire(*idle, now);
  }
}

/// Whoever takes it from here on may lease what pods had here, so that they have it no more, and that this
/// node leases none of it, must survive whatever comes: both are on disk before it is said.
void Blocks::give_back(const Prefix& prefix, ReturningBlock& returning, Time now) {
  const ipam::BlockRecord* block = context_.blocks.find(prefix);
  returning.step = next_step(returning.step);
  returning.ask_at = now + context_.rng.between(returning.step / 2, returning.step);
  if (block == nullptr || !context_.is_mine(*block)) return;
  if (!context_.leases.is_idle(prefix, now) || context_.doubtful.contains(prefix)) return;
  const auto holder = context_.chain->holder(block->seat);
  if (!holder) return;
  if (!std::exchange(returning.given_up, true)) context_.persist(wire::ReturningEntry{prefix});
  const Bytes release = wire::sign_statement(wire::Release{prefix, block->epoch}, wire::everybody,
                                             context_.identity, context_.chain->cluster());
  context_.tell(hash_id<NodeId>(holder->view()), wire::Return{release});
}

Time Blocks::next_deadline() const {
  Time next = Time::max();
  if (!context_.registered) return next;
  for (const auto& [family, pending] : pending_) next = std::min(next, pending.ask_at);
  for (const auto& [prefix, returning] : returning_) next = std::min(next, returning.ask_at);
  for (const auto& [family, since] : idle_since_) next = std::min(next, since + context_.config.spare_after);
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
    if (std::string name = waits_for_name(context_, family); !name.empty()) return name;
    const auto pending = pending_.find(family);
    const bool troubled = pending != pending_.end() && !pending->second.trouble.empty();
    return "an " + std::string(name(family)) + " address block" +
           (troubled ? ": " + pending->second.trouble : "");
  }
  return {};
}

}  // namespace overlay::node
