// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/registration.h"

#include <algorithm>

#include "overlay/node/electorate.h"
#include "overlay/node/judge.h"
#include "overlay/node/registry.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_try_again = 200ms;
constexpr Duration last_try_again = 5s;
constexpr Duration offline_after = 60s;  // without a majority, on the boot it was last registered on
constexpr Duration neighbour_patience =
    10s;  // of an only voter, for somebody who may know more than its disk
constexpr Duration pulse_interval = 10s;
constexpr Duration contest_memory = 60s;
constexpr int contests_of_a_stranger = 3;  // an only voter is told by nobody that it is a copy; this tells it

}  // namespace

bool differs(const Binding& one, const Binding& other) {
  for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i) {
    if (!one[i].empty() && !other[i].empty() && one[i] != other[i]) return true;
  }
  return false;
}

// ---- life ----

void Registration::start(std::uint64_t had) {
  started_ = had;
  if (registered_) had_ = {registered_->incarnation, pulse_, {}};
  pulse_ = 0;
  nonce_ = context_.config.instance;
  if (nonce_.is_zero()) nonce_ = context_.rng.bytes<Nonce>();
}

std::vector<wire::LogEntry> Registration::entries() const {
  std::vector<wire::LogEntry> out;
  if (had_.pulse != 0) out.push_back(wire::PulseEntry{had_.pulse});
  if (registered_) out.push_back(*registered_);
  if (restored_) out.push_back(wire::RestoredEntry{});
  if (lapsed_) out.push_back(wire::LapsedEntry{});
  if (!binding_.empty()) out.push_back(wire::BindingEntry{binding_});
  return out;
}

bool Registration::is_same_boot() const { return registered_ && !restored_ && registered_->nonce == nonce_; }

bool Registration::is_only_voter() const {
  return context_.is_seated() && context_.chain->voters().size() == 1;
}

void Registration::set(bool registered) {
  context_.registered = registered;
  context_.votes = registered && state_ == State::registered && !lapsed_;
  context_.lapsed = lapsed_;
}

void Registration::tick(Time now) {
  if (!context_.chain || state_ == State::lost) return;
  if (const auto removed = context_.chain->removed(context_.id)) {
    if (context_.departure.leaving) return lose("nothing: it has left the cluster");
    return rekey("removed", "it was removed from the cluster by decree " + std::to_string(removed->index));
  }
  if (disowned_) return rekey("interrupted", "its change of identity was interrupted");
  set(state_ == State::registered || state_ == State::offline);
  if (lapsed_ && !context_.is_seated()) context_.clear("voter");
  if (state_ == State::registered) return pulse(now);
  if (term_ != seated_since(context_)) begin(now);
  if (rise_at_ <= now) {
    rise_above(heard_of_, now);
    begin(now);
  }
  if (ask_at_ <= now) ask(now);
  go_on_offline(now);
}

Time Registration::next_deadline() const {
  if (!context_.chain || state_ == State::lost) return Time::max();
  if (state_ == State::registered) return context_.is_seated() ? pulse_due_ : Time::max();
  const bool may_go_offline = state_ == State::asking && context_.config.offline_start && is_same_boot();
  return std::min(
      {ask_at_, rise_at_, may_go_offline ? std::max(since_, contests_since_) + offline_after : Time::max()});
}

// ---- asking ----

/// One round: all voters are asked under one number.
void Registration::begin(Time now) {
  term_ = seated_since(context_);
  answers_.clear();
  since_ = std::min(since_, now);
  step_ = {};
  ask_at_ = now;
  rise_at_ = Time::max();
}

void Registration::ask(Time now) {
  step_ = std::clamp<Duration>(2 * step_, first_try_again, last_try_again);
  ask_at_ = now + context_.rng.between(step_ / 2, step_);
  for (const NodeId& voter : ids_of(context_.chain->voters())) {
    if (answers_.contains(voter) && answers_[voter].done) continue;
    if (voter == context_.id && holds_itself_back(now)) continue;
    ask(voter);
  }
}

void Registration::ask(const NodeId& voter) {
  asked_under_.insert(context_.incarnation);
  wire::Register asked{*term_, life(), against_, context_.blocks_of(context_.id), {}};
  if (const auto answer = answers_.find(voter); answer != answers_.end()) asked.after = answer->second.after;
  context_.tell(voter, asked);
}

/// No other voter can tell an only one that its disk is behind, or that a copy of it lives; its neighbours
/// can.
bool Registration::holds_itself_back(Time now) const {
  if (!is_only_voter() || is_same_boot()) return false;
  if (now < quiet_until_) return true;
  bool knows_others = false;
  context_.mesh->records().each(wire::RecordKind::node, [&](const wire::Record& record) {
    knows_others = knows_others || wire::node_of(record.key) != context_.id;
  });
  return knows_others && !context_.mesh->synced() && now < context_.started + neighbour_patience;
}

void Registration::hear(const Heard& heard, const wire::RegisterReply& reply, Time now) {
  using Kind = wire::RegisterReply::Kind;
  if (state_ == State::lost || reply.life != life() || reply.term != seated_since(context_)) return;
  const auto voters = ids_of(context_.chain->voters());
  if (std::find(voters.begin(), voters.end(), heard.from) == voters.end()) return;
  if (reply.known && is_twin(*reply.known)) return part_from_twin(reply.known->incarnation, now);
  if (state_ == State::registered) {
    if (reply.kind == Kind::accepted) return;
    state_ = State::asking;  // somebody else was registered meanwhile
    since_ = now;
    set(false);
    begin(now);
  }
  if (reply.known && !is_own(*reply.known) && reply.known->is_after(remembered_)) remembered_ = *reply.known;
  Answer& answer = answers_[heard.from];
  if (answer.done || answer.after != reply.after) return;
  answer.kind = reply.kind;
  if (reply.kind == Kind::refused && is_refused()) {
    return rekey("cloned", "another node lives under the same identity, as " +
                               context_.mesh->name_of(heard.from) +
                               " has heard from it: this one runs from a copy of its disk");
  }
  if (reply.kind == Kind::behind) {
    heard_of_ = std::max(heard_of_, reply.known ? reply.known->incarnation : 0);
    rise_at_ = std::min(rise_at_, now + context_.rng.between(first_try_again, 5 * first_try_again));
  }
  if (reply.kind == Kind::accepted) hear_of_records(heard.from, reply, now);
}

/// By so many voters that it finds no majority. Fewer may each have heard of another of two, who must not
/// both go.
bool Registration::is_refused() const {
  const auto refusals = std::count_if(answers_.begin(), answers_.end(), [](const auto& entry) {
    return entry.second.kind == wire::RegisterReply::Kind::refused;
  });
  const std::size_t voters = context_.chain->voters().size();
  return static_cast<std::size_t>(refusals) > voters - consensus::majority_of(voters);
}

/// What it has asked for and not been told of: in an earlier process, which ended before, or in this one,
/// which asks again under new voters. The life that was registered before is compared to the last all the
/// same.
bool Registration::is_own(const wire::Life& known) const {
  if (known.incarnation <= started_) return known.pulse == 0;
  return known.nonce == nonce_ && asked_under_.contains(known.incarnation) && !known.is_after(life());
}

/// It shows the mark of this machine's boot, and this process, which was registered, never asked for it.
bool Registration::is_twin(const wire::Life& known) const {
  return registered_here_ && known.nonce == nonce_ && known.is_after(had_) && !is_own(known);
}

void Registration::restore(const wire::RegisteredEntry& entry) {
  if (registered_ && registered_->incarnation != entry.incarnation) pulse_ = 0;
  registered_ = entry;
  restored_ = false;
}

/// The records in force that it should know; of what is taken away from it but not yet in force it leases
/// nothing.
void Registration::hear_of_records(const NodeId& voter, const wire::RegisterReply& reply, Time now) {
  Answer& answer = answers_[voter];
  for (const Bytes& envelope : reply.envelopes) {
    auto record = wire::open(envelope, context_.chain->cluster());
    const auto* block = record ? std::get_if<ipam::BlockRecord>(&record->body) : nullptr;
    if (block == nullptr || !judge(context_, *record)) continue;
    answer.after = block->prefix;
    const wire::Record* held = context_.mesh->records().find(record->key);
    if (held != nullptr && held->version >= record->version) continue;
    context_.mesh->publish(*record, now);
    blocks_.apply(*record, now);
  }
  for (const Prefix& prefix : reply.released) blocks_.stop_using(prefix);
  answer.done = !reply.more;
  if (reply.more) return ask(voter);
  const auto agreed = std::count_if(answers_.begin(), answers_.end(), [&](const auto& entry) {
    const bool counts = entry.first != context_.id || counts_itself(now);
    return counts && entry.second.done && entry.second.kind == wire::RegisterReply::Kind::accepted;
  });
  const std::size_t enough = consensus::majority_of(context_.chain->voters().size());
  if (static_cast<std::size_t>(agreed) >= enough) succeed(now);
}

/// A copy of a voter's disk would vote for itself too, and one that was restored has forgotten. So where this
/// may be one, the others must agree without it.
bool Registration::counts_itself(Time now) const {
  const bool contested = contests_ != 0 && now < contests_since_ + contest_memory;
  return is_only_voter() || (!contested && !restored_ && !differs(binding_, context_.config.binding));
}

// ---- what comes of it ----

void Registration::succeed(Time now) {
  const bool behind = remembered_.is_after(had_);
  if (behind && !restored_ && differs(binding_, context_.config.binding)) {
    return rekey("cloned",
                 "this is another machine than the one its state directory was written on, and that one "
                 "went on after the copy was made");
  }
  if (behind) {
    context_.say({Event::Level::warning, "identity", context_.config.name, std::to_string(had_.incarnation),
                  std::to_string(remembered_.incarnation),
                  "the voters remember a later state of this node than its disk: it was rolled back"});
  }
  // A backup is older than the last vote, however short the time was; whoever votes alone has nobody to say
  // so.
  const bool has_forgotten = behind || (restored_ && !is_only_voter());
  if ((has_forgotten || lapsed_) && context_.is_seated()) lapse(now);
  if (!registered_here_) context_.doubt_blocks(now);
  state_ = State::registered;
  registered_here_ = true;
  restored_ = false;
  since_ = rise_at_ = Time::max();
  against_ = 0;
  had_ = life();
  registered_ = {context_.incarnation, nonce_};
  context_.persist(*registered_);
  adopt_binding();
  pulse_due_ = now + pulse_interval;
  set(true);
}

/// It has acknowledged, promised or granted what its disk no longer knows; the next time it might say
/// otherwise.
void Registration::lapse(Time now) {
  if (!std::exchange(lapsed_, true)) context_.persist(wire::LapsedEntry{});
  const bool only = is_only_voter();
  context_.raise(
      "voter",
      context_.config.name + " is a voter whose disk was rolled back, so it votes no more; " +
          (only ? "it is the only one: run 'overlayctl recover' on another node, or restore its newest state"
                : "the others replace it"),
      now);
}

void Registration::adopt_binding() {
  const Binding& now_on = context_.config.binding;
  if (now_on.empty() || now_on == binding_) return;
  if (differs(binding_, now_on)) {
    context_.say(
        {Event::Level::warning, "identity", context_.config.name, "", "moved",
         "this machine is not the one its state directory was written on; nobody else lives under its "
         "identity, so it is kept"});
  }
  binding_ = now_on;
  context_.persist(wire::BindingEntry{binding_});
}

void Registration::go_on_offline(Time now) {
  if (state_ != State::asking || !context_.config.offline_start || !is_same_boot()) return;
  if (now < std::max(since_, contests_since_) + offline_after) return;
  state_ = State::offline;
  set(true);
  context_.say({Event::Level::warning, "identity", context_.config.name, "waiting", "offline",
                "no majority of the voters was reached for 60 s; it goes on inside its own blocks"});
}

void Registration::lose(const std::string& waits_for) {
  state_ = State::lost;
  why_lost_ = waits_for;
  set(false);
}

void Registration::rekey(const std::string& suffix, const std::string& why) {
  lose("a new identity: " + why);
  context_.say({Event::Level::error, "identity", context_.config.name, context_.id.short_hex(), suffix, why});
  context_.out.effects.push_back(Rekey{suffix, why});
}

// ---- others under this identity ----

void Registration::hear_of_self(std::uint64_t incarnation, Time now) {
  if (!context_.chain || state_ == State::lost || incarnation < context_.incarnation) return;
  heard_of_ = std::max(heard_of_, incarnation);
  if (now >= contests_since_ + contest_memory) contests_ = 0;
  contests_since_ = now;
  ++contests_;
  quiet_until_ = now + Registry::objection_time;
  if (state_ == State::asking) {
    if (is_only_voter() && !is_same_boot() && contests_ >= contests_of_a_stranger) {
      return rekey("cloned",
                   "another node lives under the same identity: this one runs from a copy of its disk");
    }
    if (!registered_here_ && remembered_.incarnation < incarnation) remembered_ = {incarnation, 0, {}};
    rise_at_ = std::min(rise_at_, now + context_.rng.between(first_try_again, 5 * first_try_again));
    return;
  }
  against_ = incarnation;
  state_ = State::asking;
  since_ = now;
  set(false);
  rise_above(heard_of_, now);
  begin(now);
}

/// A copy of this machine's memory shows the same nonce. With one of its own each is somebody else, and one
/// of them will be registered.
void Registration::part_from_twin(std::uint64_t incarnation, Time now) {
  state_ = State::asking;
  since_ = std::min(since_, now);
  set(false);
  nonce_ = context_.rng.bytes<Nonce>();
  against_ = 0;
  rise_above(incarnation, now);
  begin(now);
}

void Registration::rise_above(std::uint64_t incarnation, Time now) {
  rise_at_ = Time::max();
  if (incarnation < context_.incarnation) return;
  context_.incarnation = incarnation + 1;
  pulse_ = 0;
  context_.persist(wire::IncarnationEntry{context_.incarnation});
  context_.mesh->rise(context_.incarnation, now);
}

// ---- a voter's pulse ----

/// So that a voter's disk cannot fall back by more than this unseen.
void Registration::pulse(Time now) {
  if (!context_.is_seated() || now < pulse_due_) return;
  pulse_due_ = now + pulse_interval;
  term_ = seated_since(context_);
  if (is_only_voter()) return;
  ++pulse_;
  had_ = life();
  context_.persist(wire::PulseEntry{pulse_});
  for (const NodeId& voter : ids_of(context_.chain->voters())) {
    context_.tell(voter, wire::Register{*term_, life(), 0, {}, {}});
  }
}

std::string Registration::waiting_for() const {
  using Kind = wire::RegisterReply::Kind;
  if (state_ == State::lost) return why_lost_;
  if (!context_.chain || context_.registered) return {};
  std::string missing;
  for (const NodeId& voter : ids_of(context_.chain->voters())) {
    const auto answer = answers_.find(voter);
    const bool answered = answer != answers_.end();
    if (answered && answer->second.done) continue;
    missing += (missing.empty() ? "" : ", ") + context_.mesh->name_of(voter);
    if (answered && answer->second.kind == Kind::waiting) {
      missing += " (which gives others under this identity 5 s to object)";
    } else if (answered && answer->second.kind == Kind::refused) {
      missing += " (which has heard from another node under this identity)";
    } else if (!is_here(context_, voter)) {
      missing += " (unreachable)";
    }
  }
  return "its registration with a majority of the voters; not yet with " + missing;
}

}  // namespace overlay::node
