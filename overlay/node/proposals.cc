// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/proposals.h"

#include <algorithm>

#include "overlay/node/electorate.h"
#include "overlay/wire/decree.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration wish_life = 10s;        // who still wants it says so again
constexpr Duration proposal_life = 15s;    // without a majority; the next one begins anew
constexpr Duration improve_interval = 5s;  // between two looks at the voters
constexpr std::size_t max_asked = 64;

}  // namespace

// ---- wishes ----

void Proposals::hear(const Heard& heard, const wire::Wish& wish, Time now) {
  const consensus::Chain& chain = *context_.chain;
  if (!context_.is_voter() || chain.removed(heard.from)) return;
  const consensus::Change change = chain.unmet(wish.change);
  if (change.empty()) return;
  if (const auto known = asked_.find(wish.request); known != asked_.end()) {
    known->second.until = now + wish_life;
    return;
  }
  if (asked_.size() >= max_asked) {
    return refuse(heard, wish.request, "too many changes wait for a decree: try again");
  }
  const Status fits = chain.fits(next(change, now));
  if (!fits) return refuse(heard, wish.request, fits.error().text);
  if (const std::string against = decrees_.objection(wire::encode_value(next(change, now)));
      !against.empty()) {
    return refuse(heard, wish.request, against);
  }
  asked_.emplace(wish.request, Asked{heard, change, now + wish_life});
}

void Proposals::refuse(const Heard& question, const RequestId& request, const std::string& why) {
  context_.answer(question, wire::WishReply{request, why});
}

void Proposals::forget_the_done(Time now) {
  const consensus::Chain& chain = *context_.chain;
  std::erase_if(asked_, [&](const auto& entry) {
    return entry.second.until <= now || chain.unmet(entry.second.change).empty();
  });
  const bool over = proposer_ && (proposer_->proposal().index <= chain.term() || give_up_ <= now);
  if (over || !context_.is_voter()) proposer_.reset();
}

// ---- proposing ----

void Proposals::tick(Time now) {
  if (!context_.chain) return;
  forget_the_done(now);
  if (!context_.is_voter()) {
    asked_.clear();
    improve_due_ = Time::max();
    return;
  }
  if (!proposer_) begin(now);
  if (!proposer_) return;
  proposer_->tick(now);
  carry_on(now);
}

void Proposals::begin(Time now) {
  consensus::Change change;
  for (const auto& [request, asked] : asked_) change = combined(change, asked.change);
  consensus::Decree decree = next(context_.chain->unmet(change), now);
  if (decree.change.empty() && !improve(decree, now)) return;
  propose(decree, now);
}

/// What nobody has to ask for: better voters, and what all members can do by now. Found by one voter alone,
/// so that the voters do not compete for nothing.
bool Proposals::improve(consensus::Decree& decree, Time now) {
  if (improve_due_ == Time::max()) improve_due_ = now + improve_interval;
  if (now < improve_due_) return false;
  improve_due_ = now + improve_interval;
  if (lowest_voter(context_) != context_.id || !majority_is_here(context_)) return false;
  if (auto others = without_leaving(context_.chain->voters(), members(context_, now))) {
    decree.voters = *std::move(others);
    return true;
  }
  if (!context_.config.choose_voters) return false;
  if (const std::uint32_t level = common_feature_level(context_); level > context_.chain->feature_level()) {
    decree.change.feature_level = level;
    return true;
  }
  const auto better = improved(context_.chain->voters(), members(context_, now));
  if (better) decree.voters = *better;
  return better.has_value();
}

/// A removed voter's place is taken in the decree that removes it.
consensus::Decree Proposals::next(const consensus::Change& change, Time now) const {
  const consensus::Chain& chain = *context_.chain;
  std::set<NodeId> removed;
  for (const consensus::RemovedNode& node : change.removed) removed.insert(node.node);
  consensus::Decree out;
  out.index = chain.term() + 1;
  out.follows = chain.term();
  out.previous = chain.hash();
  out.voters = removed.empty() ? chain.voters() : without(chain.voters(), removed, members(context_, now));
  out.change = change;
  return out;
}

void Proposals::propose(const consensus::Decree& decree, Time now) {
  const consensus::Chain& chain = *context_.chain;
  const consensus::Vote& vote = decrees_.vote();
  const std::uint64_t used = vote.index == decree.index ? vote.promised.round : 0;
  proposer_.emplace(consensus::Proposal{chain.cluster(), decree.index, chain.voters(),
                                        context_.identity.public_key, wire::encode_value(decree), used},
                    context_.rng, now);
  give_up_ = now + proposal_life;
}

void Proposals::hear_answer(const Heard& heard, const consensus::PaxosMessage& answer, Time now) {
  if (!proposer_) return;
  for (const PublicKey& voter : proposer_->proposal().voters) {
    if (hash_id<NodeId>(voter.view()) == heard.from) proposer_->hear(voter, answer, now);
  }
  carry_on(now);
}

/// To those whom no way leads to, it is said again.
void Proposals::carry_on(Time now) {
  for (const auto& [to, message] : proposer_->take_outgoing()) {
    const auto voter = hash_id<NodeId>(to.view());
    std::visit([&](const auto& m) { context_.tell(voter, m); }, message);
  }
  if (proposer_->done()) conclude(now);
}

void Proposals::conclude(Time now) {
  const consensus::Proposer ended = *std::exchange(proposer_, std::nullopt);
  if (!ended.decision()) {
    for (const auto& [request, asked] : asked_) refuse(asked.question, request, ended.objection());
    asked_.clear();
    return;
  }
  auto decree = wire::decode_value(ended.decision()->value);
  if (!decree) return;  // of voters that are newer, and do not keep to the feature level
  const wire::DecreeRecord decided{ended.decision()->value, *std::move(decree), ended.decision()->proof};
  if (context_.chain->check(decided.decree, decided.proof)) decrees_.publish(decided, now);
}

Time Proposals::next_deadline() const {
  return proposer_ ? std::min(proposer_->next_deadline(), give_up_) : improve_due_;
}

}  // namespace overlay::node
