// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/decrees.h"

#include <algorithm>

#include "overlay/node/electorate.h"
#include "overlay/node/planning.h"
#include "overlay/wire/decree.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

/// How often what could not be judged, and a recovery, is looked at again.
constexpr Duration watch_interval = 1s;
/// A recovery counts when no majority of the voters it replaces was here for this long: a node that has just
/// started, or lost a link, must not fall for one that nobody needed.
constexpr Duration recovery_patience = 60s;

}  // namespace

// ---- records ----

Status Decrees::judge(const wire::Record& record) const {
  const consensus::Chain& chain = *context_.chain;
  const auto kind = wire::kind_of(record.key);
  const bool of_a_node = kind == wire::RecordKind::node || kind == wire::RecordKind::links;
  if (of_a_node && chain.removed(wire::node_of(record.key))) {
    return fail(Errc::exists, "a record of a removed node");
  }
  const auto* heard = std::get_if<wire::DecreeRecord>(&record.body);
  if (heard == nullptr) return {};
  OVERLAY_CHECK(chain.check(heard->decree, heard->proof));
  if (heard->decree.is_recovery() && majority_is_near_) {
    return fail(Errc::unavailable, "a recovery, while a majority of the voters is here");
  }
  return {};
}

void Decrees::apply(const wire::Record& record, Time now) {
  const auto* heard = std::get_if<wire::DecreeRecord>(&record.body);
  if (heard != nullptr && context_.chain->check(heard->decree, heard->proof)) {
    extend(heard->decree, record.envelope, now);
  }
}

void Decrees::publish(const wire::DecreeRecord& decree, Time now) {
  const wire::Record record = wire::seal(decree, {}, context_.identity, context_.chain->cluster());
  context_.mesh->publish(record, now);
  extend(decree.decree, record.envelope, now);
}

void Decrees::extend(const consensus::Decree& decree, const Bytes& envelope, Time now) {
  context_.persist(wire::RecordEntry{envelope});
  for (const std::uint64_t displaced : context_.chain->add(decree)) {
    context_.mesh->erase(wire::decree_key(displaced));
  }
  tell_what_changed(decree);
  for (const consensus::RemovedNode& removed : decree.change.removed) {
    context_.mesh->expel(removed.node, now);
    context_.peer_index.erase(removed.node);
  }
  context_.look_for_owners();
  context_.kernel_dirty = true;
  context_.mesh->rejudge(now);
  watch_due_ = now;
}

void Decrees::tell_what_changed(const consensus::Decree& decree) {
  const auto say = [&](const std::string& from, const std::string& to) {
    context_.say({Event::Level::info, "decree", std::to_string(decree.index), from, to, ""});
  };
  const auto& before = context_.chain->voters(decree.follows);
  if (decree.is_recovery()) say("", "recovery");
  if (before != decree.voters) {
    say("voters " + names_of(context_, ids_of(before)),
        "voters " + names_of(context_, ids_of(decree.voters)));
  }
  for (const consensus::RemovedNode& removed : decree.change.removed) {
    say(removed.name, "removed");
  }
  for (const Prefix& pool : decree.change.pools) say("", "pool " + pool.text());
  for (const consensus::Assignment& assignment : decree.change.assigned) {
    say("", assignment.prefix.text() + " of " + context_.mesh->name_of(assignment.owner));
  }
  if (decree.change.feature_level) say("", "feature level " + std::to_string(*decree.change.feature_level));
}

void Decrees::clash(const wire::Record& record, Time now) {
  const auto* decree = std::get_if<wire::DecreeRecord>(&record.body);
  if (decree == nullptr) return;
  context_.raise(
      "decree-fork",
      "two values of decree " + std::to_string(decree->decree.index) +
          " are proved: the cluster was recovered twice, or voters ran from copied disks; keep one "
          "side and start the nodes of the other anew",
      now);
}

std::string Decrees::waiting_for() const {
  if (!context_.chain) return {};
  if (const auto level = context_.chain->feature_level(); level > consensus::newest_feature_level) {
    return "a newer version: the cluster is at feature level " + std::to_string(level) +
           ", and this overlayd, " + context_.config.version + ", knows " +
           std::to_string(consensus::newest_feature_level) + "; upgrade it";
  }
  return {};
}

// ---- the voter ----

/// A value that could come next.
Status Decrees::check_value(const Bytes& value, std::uint64_t index) const {
  OVERLAY_TRY(const consensus::Decree decree, wire::decode_value(value));
  if (decree.index != index) return fail(Errc::invalid, "a value of another decree");
  return context_.chain->fits(decree);
}

/// Only voters of the newest decree decide the next, each in ballots of its own.
bool Decrees::takes_part(const Heard& heard, std::uint64_t index, const consensus::Ballot& ballot) const {
  const consensus::Chain& chain = *context_.chain;
  return index == chain.term() + 1 && context_.is_voter() && chain.is_voter(ballot.proposer) &&
         hash_id<NodeId>(ballot.proposer.view()) == heard.from;
}

std::string Decrees::objection(const Bytes& value) const {
  const Status good = check_value(value, context_.chain->term() + 1);
  if (!good) return good.error().text;
  const auto decree = wire::decode_value(value);
  for (const consensus::RemovedNode& removed : decree->change.removed) {
    if (!is_here(context_, removed.node)) continue;
    if (is_leaving(context_, removed.node)) {
      if (!context_.learns_from(removed.node)) continue;
      return context_.config.name + " has yet to learn from " + removed.name + " what was acknowledged";
    }
    return context_.config.name + " reaches " + removed.name + ", which is not dead: stop its overlayd first";
  }
  for (const Prefix& pool : decree->change.pools) {
    if (const Status fits = check_pool(context_, pool); !fits) return fits.error().text;
  }
  for (const consensus::Assignment& assignment : decree->change.assigned) {
    if (const Status fits = check_assignment(context_, assignment); !fits) return fits.error().text;
  }
  return {};
}

void Decrees::hear(const Heard& heard, const consensus::Prepare& prepare) {
  if (!takes_part(heard, prepare.index, prepare.ballot)) return;
  if (std::string against = objection(prepare.value); !against.empty()) {
    context_.answer(heard, consensus::Nack{prepare.index, prepare.ballot, {}, std::move(against)});
    return;
  }
  vote_on(heard, prepare);
}

void Decrees::hear(const Heard& heard, const consensus::Accept& accept) {
  if (!takes_part(heard, accept.index, accept.ballot) || !check_value(accept.value, accept.index)) return;
  vote_on(heard, accept);
}

template <class Question>
void Decrees::vote_on(const Heard& heard, const Question& question) {
  if (vote_.index != question.index) vote_ = {question.index, {}, {}};
  consensus::Acceptor acceptor(context_.chain->cluster(), context_.identity, vote_);
  const consensus::PaxosMessage reply = acceptor.hear(question);
  if (acceptor.vote() != vote_) {
    vote_ = acceptor.vote();
    context_.persist(wire::VoteEntry{vote_});
  }
  std::visit([&](const auto& message) { context_.answer(heard, message); }, reply);
}

// ---- life ----

Status Decrees::restore(const wire::DecreeRecord& decree) {
  const Status good = context_.chain->check(decree.decree, decree.proof);
  if (!good) return fail(Errc::corrupt, good.error().text);
  context_.chain->add(decree.decree);
  for (const consensus::RemovedNode& removed : decree.decree.change.removed) {
    context_.peer_index.erase(removed.node);
  }
  return {};
}

void Decrees::tick(Time now) {
  if (!context_.chain) return;
  if (majority_is_here(context_)) majority_seen_ = now;
  majority_is_near_ = now < majority_seen_ + recovery_patience;
  const bool waits = !context_.mesh->held().empty() || consensus::generation_of(context_.chain->term()) > 0;
  if (!waits) {
    watch_due_ = Time::max();
    return;
  }
  if (watch_due_ != Time::max() && now < watch_due_) return;
  watch_due_ = now + watch_interval;
  fetch_missing();
  watch_recoveries(now);
}

/// The next decree, and the predecessors of those that are held.
void Decrees::fetch_missing() {
  const consensus::Chain& chain = *context_.chain;
  std::set<wire::RecordKey> keys = {wire::decree_key(chain.term() + 1)};
  for (const auto& [key, held] : context_.mesh->held()) {
    const auto* decree = std::get_if<wire::DecreeRecord>(&held.record.body);
    if (decree != nullptr && !chain.has(decree->decree.follows)) {
      keys.insert(wire::decree_key(decree->decree.follows));
    }
  }
  context_.mesh->fetch({keys.begin(), keys.end()});
}

/// A recovery that nobody needed is reported and waits; one that was needed has broken single ownership,
/// which stands until those that were left out are back or forgotten.
void Decrees::watch_recoveries(Time now) {
  const consensus::Chain& chain = *context_.chain;
  if (!majority_is_near_) context_.mesh->rejudge(now);
  std::string waiting;
  for (const auto& [key, held] : context_.mesh->held()) {
    const auto* decree = std::get_if<wire::DecreeRecord>(&held.record.body);
    if (decree == nullptr || !decree->decree.is_recovery() || !chain.check(decree->decree, decree->proof))
      continue;
    waiting =
        context_.mesh->name_of(hash_id<NodeId>(held.record.author.view())) +
        " has recovered the cluster while " + names_of(context_, voters_here(context_)) +
        " are here, a majority of the voters; it is not followed: if it is right, start these anew with "
        "an empty state directory, if not, the nodes that follow it";
  }
  waiting.empty() ? context_.clear("recovery") : context_.raise("recovery", waiting, now);

  const std::uint64_t first = consensus::generation_of(chain.term()) << consensus::generation_shift;
  std::vector<NodeId> lost;
  for (const consensus::Decree& decree : chain.decrees()) {
    if (decree.index == first) lost = ids_of(chain.voters(decree.follows));
  }
  std::erase_if(lost, [&](const NodeId& voter) { return is_here(context_, voter) || chain.removed(voter); });
  if (lost.empty()) return context_.clear("recovered");
  context_.raise(
      "recovered",
      "the cluster was recovered without its voters " + names_of(context_, lost) +
          "; what they granted and nobody heard of may be granted twice: forget them, or start them",
      now);
}

}  // namespace overlay::node
