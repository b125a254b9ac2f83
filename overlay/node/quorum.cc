// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/quorum.h"

#include <algorithm>

#include "overlay/node/judge.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_ack_ask = 200ms;
constexpr Duration last_ack_ask = 5s;

const ipam::BlockRecord& block_of(const wire::Record& record) {
  return std::get<ipam::BlockRecord>(record.body);
}

}  // namespace

const Prefix& Quorum::prefix_of(const wire::Record& record) { return block_of(record).prefix; }

const ipam::BlockMap& Quorum::claims() {
  if (claims_) return *claims_;
  claims_.emplace();
  for (const auto& [prefix, block] : context_.blocks.all()) claims_->merge(block);
  for (const auto& [prefix, record] : kept_) claims_->merge(block_of(record));
  return *claims_;
}

// ---- records of this voter ----

void Quorum::propose(ipam::BlockRecord block, Time now) {
  block.epoch = claims().next_epoch(context_.chain->term(), block.seat);
  put(wire::seal(block, {}, context_.identity, context_.chain->cluster()), now);
}

/// A majority of one needs no second entry on disk: the record that is in force is written anyway.
void Quorum::put(wire::Record record, Time now) {
  claims();
  claims_->merge(block_of(record));
  const Prefix prefix = prefix_of(record);
  Proposal proposal{std::move(record), {{context_.id, ""}}, now};
  if (has_majority(proposal)) {
    in_force_.push_back(std::move(proposal.record));
    return;
  }
  context_.persist(wire::KeptEntry{proposal.record.envelope});
  kept_.insert_or_assign(prefix, proposal.record);
  proposals_.insert_or_assign(prefix, std::move(proposal));
}

void Quorum::resume(std::uint32_t seat, Time now) {
  std::vector<ipam::BlockRecord> unfinished;
  for (const auto& [prefix, block] : claims().all()) {
    if (block.seat == seat && !is_in_force(block) && !proposals_.contains(prefix))
      unfinished.push_back(block);
  }
  for (const ipam::BlockRecord& block : unfinished) {
    const auto kept = kept_.find(block.prefix);
    const bool current = block.epoch.term == context_.chain->term() && kept != kept_.end();
    current ? put(kept->second, now) : propose(block, now);
  }
}

bool Quorum::is_in_force(const ipam::BlockRecord& block) const {
  const ipam::BlockRecord* held = context_.blocks.find(block.prefix);
  return held != nullptr && held->epoch >= block.epoch;
}

bool Quorum::has_majority(const Proposal& proposal) const {
  if (block_of(proposal.record).epoch.term != context_.chain->term()) return false;
  const auto& voters = context_.chain->voters();
  const auto acknowledged = std::count_if(voters.begin(), voters.end(), [&](const PublicKey& voter) {
    const auto answer = proposal.answers.find(hash_id<NodeId>(voter.view()));
    return answer != proposal.answers.end() && answer->second.empty();
  });
  return 2 * static_cast<std::size_t>(acknowledged) > voters.size();
}

std::string Quorum::waiting_for(const Prefix& prefix) const {
  const auto found = proposals_.find(prefix);
  if (found == proposals_.end()) return {};
  std::string out;
  for (const PublicKey& key : context_.chain->voters()) {
    const NodeId voter = hash_id<NodeId>(key.view());
    const auto answer = found->second.answers.find(voter);
    if (answer != found->second.answers.end() && answer->second.empty()) continue;
    out += (out.empty() ? "" : ", ") + context_.mesh->name_of(voter);
    if (answer != found->second.answers.end()) {
      out += " (" + answer->second + ")";
    } else if (!context_.mesh->reaches(voter)) {
      out += " (unreachable)";
    }
  }
  return "the acknowledgement of a majority of the voters; not yet from " + out;
}

void Quorum::ask(Proposal& proposal, Time now) {
  proposal.step = proposal.step == Duration{} ? first_ack_ask : std::min(2 * proposal.step, last_ack_ask);
  proposal.ask_at = now + context_.rng.between(proposal.step / 2, proposal.step);
  for (const PublicKey& key : context_.chain->voters()) {
    const NodeId voter = hash_id<NodeId>(key.view());
    const auto answer = proposal.answers.find(voter);
    if (answer != proposal.answers.end() && answer->second.empty()) continue;
    context_.tell(voter, wire::AckRequest{proposal.record.envelope});
  }
}

void Quorum::hear(const Heard& heard, const wire::Ack& ack) {
  for (auto& [prefix, proposal] : proposals_) {
    if (proposal.record.content != ack.content) continue;
    proposal.answers[heard.from] = ack.refusal;
    if (has_majority(proposal)) settle(prefix);
    return;
  }
}

void Quorum::settle(const Prefix& prefix) {
  const auto proposal = proposals_.find(prefix);
  in_force_.push_back(std::move(proposal->second.record));
  proposals_.erase(proposal);
}

// ---- the other voters ----

void Quorum::hear(const Heard& heard, const wire::AckRequest& request) {
  auto record = acceptable(heard, request.envelope);
  if (!record) {
    const auto parsed = wire::read(request.envelope);
    if (parsed) context_.answer(heard, wire::Ack{parsed->content, record.error().text});
    return;
  }
  const std::uint64_t content = record->content;
  const auto held = kept_.find(prefix_of(*record));
  if (held == kept_.end() || held->second.content != content) keep(std::move(*record));
  context_.answer(heard, wire::Ack{content, ""});
}

/// Only under its newest decree, and only what does not contradict anything at or above that epoch or take
/// away what somebody owns.
Result<wire::Record> Quorum::acceptable(const Heard& heard, const Bytes& envelope) {
  OVERLAY_TRY(wire::Record record, wire::open(envelope, context_.chain->cluster()));
  if (!std::holds_alternative<ipam::BlockRecord>(record.body)) {
    return fail(Errc::invalid, "only block records are acknowledged");
  }
  const ipam::BlockRecord& block = block_of(record);
  const std::string me = context_.config.name;
  if (!context_.is_voter()) return fail(Errc::refused, me + " is no voter");
  if (block.epoch.term != context_.chain->term()) {
    return fail(Errc::refused, me + " knows decree " + std::to_string(context_.chain->term()) + ", not " +
                                   std::to_string(block.epoch.term));
  }
  if (hash_id<NodeId>(record.author.view()) != heard.from) {
    return fail(Errc::refused, "a record of another voter");
  }
  OVERLAY_CHECK(judge(context_, record));
  if (context_.is_forked(block.prefix) && !is_assigned(context_, block)) {
    return fail(Errc::conflict,
                me + " holds two records that contradict each other about " + block.prefix.text());
  }
  for (const ipam::BlockRecord& held : claims().overlapping(block.prefix)) {
    Status displaceable = may_displace(held, block);
    if (!displaceable) return with_context(me + " holds another record", std::move(displaceable).error());
  }
  return record;
}

Status Quorum::may_displace(const ipam::BlockRecord& held, const ipam::BlockRecord& by) const {
  if (held == by) return {};
  const std::string what = held.prefix.text() + " at " + held.epoch.text();
  if (held.epoch >= by.epoch) return fail(Errc::conflict, what);
  if (held.state != ipam::BlockState::owned) return {};
  if (is_assigned(context_, by) && (held.owner == by.owner || context_.is_forked(held.prefix))) return {};
  if (held.prefix == by.prefix && is_due(held, by)) return {};
  return fail(Errc::conflict, what + ", owned by " + context_.mesh->name_of(held.owner));
}

/// The owner goes on owning it under a new number, has given it up, or is removed for good.
bool Quorum::is_due(const ipam::BlockRecord& held, const ipam::BlockRecord& by) const {
  switch (by.state) {
    case ipam::BlockState::owned:
      return held.owner == by.owner && held.request == by.request;
    case ipam::BlockState::quarantine:
      return !context_.chain->successor(held.owner);
    case ipam::BlockState::free:
      break;
  }
  const auto release = read_release(context_, by);
  return release && release->from() == context_.chain->successor(held.owner) &&
         std::get<wire::Release>(release->body).epoch >= held.epoch;
}

void Quorum::keep(wire::Record record) {
  claims();
  const auto merged = claims_->merge(block_of(record));
  if (merged != ipam::Merge::applied && merged != ipam::Merge::known) return;
  if (is_in_force(block_of(record))) return;
  context_.persist(wire::KeptEntry{record.envelope});
  restore(std::move(record));
}

const Bytes* Quorum::envelope_of(const Prefix& prefix) const {
  if (const auto kept = kept_.find(prefix); kept != kept_.end()) return &kept->second.envelope;
  const wire::Record* record = context_.mesh->records().find(wire::block_key(prefix));
  return record == nullptr ? nullptr : &record->envelope;
}

void Quorum::know(const ipam::BlockRecord& block) {
  if (claims_) claims_->merge(block);
  std::erase_if(kept_, [&](const auto& entry) {
    return block.prefix.contains(entry.first) && block_of(entry.second).epoch <= block.epoch;
  });
  std::erase_if(proposals_, [&](const auto& entry) {
    return block.prefix.contains(entry.first) && block_of(entry.second.record).epoch <= block.epoch;
  });
}

// ---- time ----

void Quorum::tick(Time now) {
  for (auto& [prefix, proposal] : proposals_) {
    if (proposal.ask_at <= now) ask(proposal, now);
  }
}

Time Quorum::next_deadline() const {
  Time next = Time::max();
  for (const auto& [prefix, proposal] : proposals_) next = std::min(next, proposal.ask_at);
  return next;
}

}  // namespace overlay::node
