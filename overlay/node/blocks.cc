// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/blocks.h"

#include <algorithm>

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_ask_again = 100ms;
constexpr Duration last_ask_again = 5s;

}  // namespace

// ---- records ----

Status Blocks::judge(const wire::Record& record) const {
  const auto* block = std::get_if<ipam::BlockRecord>(&record.body);
  if (block == nullptr) return {};
  const consensus::Chain& chain = *context_.chain;
  const std::string what = "a record of block " + block->prefix.text();
  if (block->epoch.term > chain.term()) {
    return fail(Errc::unavailable, what + " made under decree " + std::to_string(block->epoch.term) +
                                       ", which has not come yet");
  }
  if (chain.holder(block->seat, block->epoch.term) != record.author) {
    return fail(Errc::invalid, what + " signed by " +
                                   context_.mesh->name_of(hash_id<NodeId>(record.author.view())) +
                                   ", which does not hold seat " + std::to_string(block->seat));
  }
  for (const ipam::Space& space : context_.spaces()) {
    if (block->seat >= ipam::seat_count(space)) continue;
    if (ipam::slice_of(space, block->seat).contains(block->prefix)) return {};
  }
  return fail(Errc::invalid, what + ", which is not in the space of seat " + std::to_string(block->seat));
}

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
  context_.drop_block_records(others);
  context_.persist(wire::RecordEntry{record.envelope}, block.owner == context_.id);
  context_.kernel_dirty = true;
  if (block.owner == context_.id) take(block);
}

void Blocks::take(const ipam::BlockRecord& block) {
  settle_pending(block);
  context_.say({Event::Level::info, "block", block.prefix.text(), "", "owned", ""});
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

// ---- asking ----

void Blocks::tick(Time now) {
  if (!context_.chain) return;
  want(now);
  std::vector<Family> due;
  for (const auto& [family, pending] : pending_) {
    if (pending.ask_at <= now) due.push_back(family);
  }
  for (const Family family : due) ask(family, pending_.at(family), now);
}

void Blocks::want(Time now) {
  const ipam::Supply supply = context_.supply();
  for (const Family family : supply.families) {
    if (pending_.contains(family) || !context_.leases.wants_block(family, supply, now)) continue;
    PendingBlock& pending = pending_[family];
    pending.request = context_.rng.bytes<RequestId>();
    pending.ask_at = now;
    context_.persist(wire::RequestEntry{pending.request, family});
  }
}

void Blocks::ask(Family family, PendingBlock& pending, Time now) {
  pending.step = pending.step == Duration{} ? first_ask_again : std::min(2 * pending.step, last_ask_again);
  pending.ask_at = now + context_.rng.between(pending.step / 2, pending.step);
  const auto seats = context_.chain->seats_of(context_.identity.public_key);
  const auto voters = context_.chain->voters();
  const NodeId voter =
      seats.empty() ? hash_id<NodeId>(voters[context_.rng.below(voters.size())].view()) : context_.id;
  if (!context_.tell(voter, wire::BlockRequest{pending.request, family})) {
    pending.refusal = "the voter " + context_.mesh->name_of(voter) + " is unreachable";
  }
}

void Blocks::hear(const Heard& heard, const wire::BlockRequest& request, Time now) {
  const auto granted = grant(heard.from, request.family, request.request, now);
  context_.answer(heard, wire::BlockReply{request.request, granted ? *granted : Bytes(),
                                          granted ? "" : granted.error().text});
}

void Blocks::hear(const wire::BlockReply& reply) {
  for (auto& [family, pending] : pending_) {
    if (pending.request == reply.request) pending.refusal = reply.refusal;
  }
}

// ---- granting ----

/// The envelope of the record that answers `request`: the one made for it before, or a new one. The record is
/// in the output's persists, so it is on disk before the reply or the gossip leaves.
Result<Bytes> Blocks::grant(const NodeId& owner, Family family, const RequestId& request, Time now) {
  const auto granted = context_.blocks.by_request(request);
  if (!granted.empty())
    return context_.mesh->records().find(wire::block_key(granted.front().prefix))->envelope;
  const auto seats = context_.chain->seats_of(context_.identity.public_key);
  if (seats.empty()) return fail(Errc::refused, context_.config.name + " is no voter and grants no blocks");
  for (const ipam::Space& space : context_.spaces()) {
    if (space.pool.family() != family) continue;
    const auto prefix = ipam::choose_block(context_.blocks, space, seats);
    if (!prefix) return fail(Errc::exhausted, exhausted(family));
    const std::uint32_t seat = ipam::seat_of(space, *prefix);
    const ipam::BlockRecord block{*prefix, context_.blocks.next_epoch(context_.chain->term(), seat),
                                  seat,    ipam::BlockState::owned,
                                  owner,   request};
    const wire::Record record = wire::seal(block, {}, context_.identity, context_.chain->cluster());
    std::vector<ipam::BlockRecord> displaced;
    context_.blocks.merge(block, &displaced);
    context_.persist(wire::RecordEntry{record.envelope});
    context_.mesh->publish(record, now);
    context_.drop_block_records(displaced);
    context_.kernel_dirty = true;
    context_.say({Event::Level::info, "block", prefix->text(), "free", "owned",
                  "by " + context_.mesh->name_of(owner)});
    if (owner == context_.id) settle_pending(block);
    return record.envelope;
  }
  return fail(Errc::not_found, "the cluster has no " + std::string(name(family)) + " pool");
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
  Time next = Time::max();
  for (const auto& [family, pending] : pending_) next = std::min(next, pending.ask_at);
  return next;
}

std::string Blocks::refusal() const {
  for (const auto& [family, pending] : pending_) {
    if (!pending.refusal.empty()) return pending.refusal;
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
    const bool refused = pending != pending_.end() && !pending->second.refusal.empty();
    return "an " + std::string(name(family)) + " address block" +
           (refused ? ": " + pending->second.refusal : "");
  }
  return {};
}

}  // namespace overlay::node
