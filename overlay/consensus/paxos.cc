// SPDX-License-Identifier: Apache-2.0
#include "overlay/consensus/paxos.h"

#include <algorithm>

namespace overlay::consensus {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_repeat = 200ms;  // a round trip between continents, and a sync of the disk
constexpr Duration last_repeat = 2s;
constexpr Duration first_back_off = 20ms;
constexpr Duration last_back_off = 2s;

Duration doubled(Duration step, Duration first, Duration last) {
  return std::clamp<Duration>(2 * step, first, last);
}

}  // namespace

std::uint64_t index_of(const PaxosMessage& message) {
  return std::visit([](const auto& m) { return m.index; }, message);
}

// ---- acceptor ----

PaxosMessage Acceptor::hear(const Prepare& prepare) {
  if (prepare.ballot < vote_.promised) return Nack{prepare.index, prepare.ballot, vote_.promised, {}};
  vote_.promised = prepare.ballot;
  return Promise{prepare.index, prepare.ballot, vote_.accepted};
}

PaxosMessage Acceptor::hear(const Accept& accept) {
  if (accept.ballot < vote_.promised) return Nack{accept.index, accept.ballot, vote_.promised, {}};
  const bool repeated = vote_.accepted && vote_.accepted->ballot == accept.ballot;
  if (repeated && vote_.accepted->value != accept.value) {
    return Nack{accept.index, accept.ballot, vote_.promised, "two values were proposed in one ballot"};
  }
  vote_.promised = accept.ballot;
  vote_.accepted = Acceptance{accept.ballot, accept.value};
  const Digest hash = hash_of_value(accept.value);
  const Bytes statement = accept_statement(cluster_, accept.index, accept.ballot, hash);
  return Accepted{accept.index, accept.ballot, hash, identity_.sign(statement)};
}

// ---- proposer ----

Proposer::Proposer(Proposal proposal, Rng& rng, Time now)
    : proposal_(std::move(proposal)), rng_(rng), highest_round_(proposal_.used_round) {
  prepare(now);
}

/// A ballot above all that were heard of. Its own acceptor's promise for it is durable before it is seen by
/// others, so no ballot is ever used for two values, not even over a crash.
void Proposer::prepare(Time now) {
  phase_ = Phase::preparing;
  ballot_ = {++highest_round_, proposal_.self};
  promised_.clear();
  inherited_.reset();
  accepted_.clear();
  step_ = {};
  send_to_missing(now);
}

bool Proposer::has_answered(const PublicKey& voter) const {
  return phase_ == Phase::preparing ? promised_.contains(voter) : accepted_.contains(voter);
}

void Proposer::send_to_missing(Time now) {
  for (const PublicKey& voter : proposal_.voters) {
    if (has_answered(voter)) continue;
    if (phase_ == Phase::preparing) {
      outgoing_.push_back({voter, Prepare{proposal_.index, ballot_, proposal_.value}});
    } else {
      outgoing_.push_back({voter, Accept{proposal_.index, ballot_, value_}});
    }
  }
  step_ = doubled(step_, first_repeat, last_repeat);
  due_ = now + rng_.between(step_ / 2, step_);
}

void Proposer::hear(const PublicKey& from, const PaxosMessage& message, Time now) {
  const auto& voters = proposal_.voters;
  if (done() || index_of(message) != proposal_.index) return;
  if (std::find(voters.begin(), voters.end(), from) == voters.end()) return;
  if (const auto* promise = std::get_if<Promise>(&message)) hear(from, *promise, now);
  if (const auto* accepted = std::get_if<Accepted>(&message)) hear(from, *accepted);
  if (const auto* nack = std::get_if<Nack>(&message)) hear(*nack, now);
}

void Proposer::hear(const PublicKey& from, const Promise& promise, Time now) {
  if (phase_ != Phase::preparing || promise.ballot != ballot_) return;
  promised_.insert(from);
  if (promise.accepted && (!inherited_ || promise.accepted->ballot > inherited_->ballot)) {
    inherited_ = promise.accepted;
  }
  if (promised_.size() < majority_of(proposal_.voters.size())) return;
  phase_ = Phase::accepting;
  value_ = inherited_ ? inherited_->value : proposal_.value;
  step_ = {};
  send_to_missing(now);
}

void Proposer::hear(const PublicKey& from, const Accepted& accepted) {
  if (phase_ != Phase::accepting || accepted.ballot != ballot_) return;
  const Digest hash = hash_of_value(value_);
  const Bytes statement = accept_statement(proposal_.cluster, proposal_.index, ballot_, hash);
  if (accepted.hash != hash || !verify(from, statement, accepted.signature)) return;
  accepted_[from] = accepted.signature;
  if (accepted_.size() < majority_of(proposal_.voters.size())) return;
  Proof proof{ballot_, {}};
  for (const auto& [voter, signature] : accepted_) proof.accepted.push_back({voter, signature});
  decision_ = Decision{value_, std::move(proof)};
  due_ = Time::max();
}

void Proposer::hear(const Nack& nack, Time now) {
  highest_round_ = std::max(highest_round_, nack.promised.round);
  if (phase_ == Phase::outvoted || nack.ballot != ballot_) return;
  if (phase_ == Phase::preparing && !nack.objection.empty()) {
    objection_ = nack.objection;
    due_ = Time::max();
    return;
  }
  if (nack.promised <= ballot_) return;
  // Two that outvote each other would do so for ever if they waited alike.
  phase_ = Phase::outvoted;
  const Duration longest = std::min<Duration>(
      first_back_off * (std::int64_t{1} << std::min<std::uint64_t>(highest_round_, 7)), last_back_off);
  due_ = now + rng_.between(first_back_off / 2, longest);
}

void Proposer::tick(Time now) {
  if (done() || now < due_) return;
  if (phase_ == Phase::outvoted) {
    prepare(now);
  } else {
    send_to_missing(now);
  }
}

Time Proposer::next_deadline() const { return due_; }

}  // namespace overlay::consensus
