// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/departure.h"

#include <algorithm>

#include "overlay/node/electorate.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration leave_call_patience = 2s;  // then who asked is told how far it is
constexpr Duration removal_ask_again = 1s;

}  // namespace

// ---- calls ----

void Departure::drain(CallId call, bool on) {
  if (context_.departure.leaving) {
    return context_.answer(
        call,
        on ? Status()
           : Status(fail(Errc::refused, context_.config.name +
                                            " leaves the cluster, which cannot be undone: let it finish, and "
                                            "start overlayd anew with an empty state directory")));
  }
  put({.drained = on});
  context_.answer(call, {});
}

void Departure::leave(CallId call, const Result<LeavePlan>& plan, bool at_once, Time now) {
  const bool again = context_.departure.leaving;
  if (!again && !plan) return context_.answer(call, plan.error());
  put({.drained = true, .leaving = true, .at_once = at_once || context_.departure.at_once});
  if (!again) {
    context_.say(
        {Event::Level::warning, "node", context_.config.name, "member", "leaving", "as it was told"});
  }
  calls_.emplace(call, now + leave_call_patience);
}

void Departure::put(const wire::DepartureEntry& entry) {
  if (entry == context_.departure) return;
  context_.departure = entry;
  context_.persist(entry);
  ask_at_ = {};
}

void Departure::answer_those_before(Time time) {
  for (auto at = calls_.begin(); at != calls_.end();) {
    const bool due = at->second <= time;
    if (due) context_.answer(at->first, {});
    at = due ? calls_.erase(at) : std::next(at);
  }
}

// ---- what is in the way ----

bool Departure::has_left() const { return !why_left(context_).empty(); }

std::string Departure::closed() const {
  if (context_.departure.leaving) {
    return context_.config.name + " leaves the cluster and takes no new pods; start them on another host";
  }
  if (!context_.departure.drained) return {};
  return context_.config.name + " is drained and takes no new pods; 'overlayctl undrain' ends that";
}

std::string Departure::lacks_voters() const {
  auto away = ids_of(context_.chain->voters());
  std::erase_if(away,
                [&](const NodeId& voter) { return is_here(context_, voter) && !is_lapsed(context_, voter); });
  if (!majority_is_here(context_)) {
    return "a majority of the voters; " + names_of(context_, away) + " cannot be reached, or cannot vote";
  }
  return context_.registered ? "" : "its registration with a majority of the voters";
}

/// Blocks that are to be given back before: not those whose addresses somebody may have, which come back with
/// the removal, when they have rested.
std::string Departure::holds_blocks() const {
  std::string out;
  for (const Prefix& block : context_.blocks_of(context_.id)) {
    const bool stays = context_.is_forked(block) || context_.doubtful.contains(block) ||
                       (context_.departure.at_once && context_.leases.in_use(block) != 0);
    if (!stays) out += (out.empty() ? "" : ", ") + block.text();
  }
  if (out.empty()) return {};
  return out + " to be taken back, a minute after the last pod there";
}

std::string Departure::waiting_for() const {
  if (!context_.departure.leaving || !context_.chain || has_left()) return {};
  if (std::string voters = lacks_voters(); !voters.empty()) return voters;
  if (std::string blocks = holds_blocks(); !blocks.empty()) return blocks;
  if (context_.is_seated()) return "another voter in its place";
  return refusal_;
}

// ---- going ----

void Departure::tick(Time now) {
  if (has_left()) return say_goodbye();
  answer_those_before(now);
  if (!context_.departure.leaving || !context_.chain || now < ask_at_) return;
  ask_at_ = now + removal_ask_again;
  const bool may_go = lacks_voters().empty() && holds_blocks().empty() && !context_.is_seated();
  if (may_go) ask_for_removal();
}

/// Asked on and on, for what becomes of it is known by the decree alone.
void Departure::ask_for_removal() {
  if (request_.is_zero()) request_ = context_.rng.bytes<RequestId>();
  consensus::Change change;
  change.removed = {{context_.id, context_.config.name, std::nullopt}};
  const auto voter = lowest_voter(context_);
  if (voter) context_.tell(*voter, wire::Wish{request_, change});
}

void Departure::hear(const Heard& heard, const wire::WishReply& reply, Time now) {
  const auto voters = ids_of(context_.chain->voters());
  const bool by_a_voter = std::find(voters.begin(), voters.end(), heard.from) != voters.end();
  if (!by_a_voter || request_.is_zero() || reply.request != request_) return;
  refusal_ = reply.refusal;
  ask_at_ = now + removal_ask_again;
}

void Departure::say_goodbye() {
  answer_those_before(Time::max());
  if (std::exchange(gone_, true)) return;
  context_.say({Event::Level::warning, "node", context_.config.name, "leaving", "left", ""});
  context_.out.effects.push_back(Left{});
}

Time Departure::next_deadline() const {
  if (gone_ || !context_.departure.leaving || !context_.chain) return Time::max();
  Time next = ask_at_;
  for (const auto& [call, until] : calls_) next = std::min(next, until);
  return next;
}

std::string why_left(const Context& context) {
  const bool left =
      context.departure.leaving && context.chain && context.chain->removed(context.id).has_value();
  if (!left) return {};
  return context.config.name + " has left cluster " + context.chain->cluster().short_hex() +
         ", as it was told to; to join again, this one or another, remove identity and state.log from the "
         "state directory first";
}

}  // namespace overlay::node
