// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/wishes.h"

#include <algorithm>

#include "overlay/node/electorate.h"
#include "overlay/node/planning.h"
#include "overlay/wire/decree.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_wish_ask = 300ms;
constexpr Duration last_wish_ask = 2s;
constexpr Duration operators_patience = 15s;

}  // namespace

void Wishes::wish(CallId call, const Result<consensus::Change>& change, Time now) {
  if (!change) return context_.answer(call, change.error());
  if (change->empty()) return context_.answer(call, {});
  pending_.emplace(context_.rng.bytes<RequestId>(),
                   Pending{call, *change, now, {}, now + operators_patience});
}

void Wishes::ask(const RequestId& request, Pending& pending, Time now) {
  pending.step = std::clamp<Duration>(2 * pending.step, first_wish_ask, last_wish_ask);
  pending.ask_at = now + pending.step;
  const auto voter = lowest_voter(context_);
  if (voter) context_.tell(*voter, wire::Wish{request, pending.change});
}

void Wishes::hear(const Heard& heard, const wire::WishReply& reply) {
  const auto pending = pending_.find(reply.request);
  const auto voters = ids_of(context_.chain->voters());
  const bool by_a_voter = std::find(voters.begin(), voters.end(), heard.from) != voters.end();
  if (pending == pending_.end() || !by_a_voter) return;
  context_.answer(pending->second.call, fail(Errc::refused, reply.refusal));
  pending_.erase(pending);
}

void Wishes::tick(Time now) {
  if (!context_.chain) return;
  for (auto at = pending_.begin(); at != pending_.end();) {
    Pending& pending = at->second;
    const bool done = context_.chain->unmet(pending.change).empty();
    if (done) context_.answer(pending.call, {});
    if (!done && pending.give_up <= now) context_.answer(pending.call, fail(Errc::unavailable, why_late()));
    if (done || pending.give_up <= now) {
      at = pending_.erase(at);
      continue;
    }
    if (pending.ask_at <= now) ask(at->first, pending, now);
    ++at;
  }
}

std::string Wishes::why_late() const {
  const auto here = voters_here(context_);
  auto away = ids_of(context_.chain->voters());
  std::erase_if(away, [&](const NodeId& voter) { return is_here(context_, voter); });
  if (majority_is_here(context_)) {
    return "the voters have not decided within " + std::to_string(operators_patience / 1s) + " s; try again";
  }
  return "of " + std::to_string(here.size() + away.size()) + " voters " + names_of(context_, away) +
         " cannot be reached, so nothing is decided: start them, or, if they are lost for good, use "
         "'overlayctl recover'";
}

Time Wishes::next_deadline() const {
  Time next = Time::max();
  for (const auto& [request, pending] : pending_) next = std::min({next, pending.ask_at, pending.give_up});
  return next;
}

// ---- recover ----

Status Wishes::check_recovery(const std::string& cluster) const {
  if (!context_.chain) return fail(Errc::unavailable, "this node is in no cluster yet");
  const consensus::Chain& chain = *context_.chain;
  if (!begins(chain.cluster().hex(), cluster)) {
    return fail(Errc::invalid, "this node is in cluster " + chain.cluster().short_hex() + ", not " + cluster +
                                   "; give --cluster " + chain.cluster().short_hex());
  }
  if (chain.removed(context_.id)) return fail(Errc::refused, "this node was removed itself");
  if (!majority_is_here(context_)) return {};
  return fail(Errc::refused, names_of(context_, voters_here(context_)) +
                                 " can be reached, a majority of the voters: there is nothing to recover");
}

void Wishes::recover(CallId call, const std::string& cluster, Time now) {
  const Status allowed = check_recovery(cluster);
  if (!allowed) return context_.answer(call, allowed);
  const consensus::Chain& chain = *context_.chain;
  wire::DecreeRecord out;
  out.decree.index = consensus::recovery_index(chain.term());
  out.decree.follows = chain.term();
  out.decree.previous = chain.hash();
  out.decree.voters = recovered(context_.identity.public_key, members(context_, now));
  out.value = wire::encode_value(out.decree);
  out.decree.hash = consensus::hash_of_value(out.value);
  out.proof.ballot = {1, context_.identity.public_key};
  const Bytes statement =
      consensus::accept_statement(chain.cluster(), out.decree.index, out.proof.ballot, out.decree.hash);
  out.proof.accepted = {{context_.identity.public_key, context_.identity.sign(statement)}};
  decrees_.publish(out, now);
  context_.answer(call, {});
}

}  // namespace overlay::node
