// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/wishes.h"

#include <algorithm>

#include "overlay/node/electorate.h"
#include "overlay/wire/decree.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_ask_again = 300ms;
constexpr Duration last_ask_again = 2s;
constexpr Duration patience = 15s;    // of an operator
constexpr std::size_t id_digits = 8;  // enough to name a node or a cluster by

bool begins(const std::string& hex, const std::string& with) {
  return with.size() >= id_digits && hex.compare(0, with.size(), with) == 0;
}

consensus::Change change_of(const ForgetPlan& plan) {
  consensus::Change out;
  for (const ForgetPlan::Node& node : plan.nodes) {
    if (!node.removed) out.removed.push_back({node.id, node.name, plan.heir});
  }
  return out;
}

}  // namespace

// ---- forget ----

/// A node that is known by this name or id, else one that was removed under it.
Result<ForgetPlan::Node> Wishes::find(const std::string& name) const {
  std::vector<ForgetPlan::Node> found;
  const auto offer = [&](const NodeId& id, const std::string& known_as, bool removed) {
    if (known_as == name || begins(id.hex(), name)) found.push_back({id, known_as, {}, false, removed});
  };
  offer(context_.id, context_.config.name, false);
  context_.mesh->records().each(wire::RecordKind::node, [&](const wire::Record& record) {
    const NodeId id = wire::node_of(record.key);
    if (id != context_.id) offer(id, context_.mesh->name_of(id), false);
  });
  if (found.empty()) {
    for (const auto& [id, removal] : context_.chain->all_removed()) offer(id, removal.name, true);
  }
  if (found.empty()) {
    return fail(Errc::not_found, "no node is named " + name + "; 'overlayctl peers' lists those there are");
  }
  if (found.size() == 1 || found.front().removed) return found.front();
  std::string ids;
  for (const auto& node : found) ids += (ids.empty() ? "" : ", ") + node.id.hex();
  return fail(Errc::conflict,
              std::to_string(found.size()) + " nodes are named " + name + "; give the id of one: " + ids);
}

Status Wishes::check_dead(const ForgetPlan::Node& node) const {
  if (node.removed || !is_here(context_, node.id)) return {};
  if (node.id == context_.id) {
    return fail(Errc::refused,
                "a node cannot forget itself: ask another one when " + node.name + " is stopped");
  }
  return fail(Errc::refused, context_.config.name + " reaches " + node.name +
                                 ", which is not dead: stop its overlayd first");
}

Result<ForgetPlan> Wishes::plan(const ForgetRequest& request, Time now) const {
  if (!context_.chain) return fail(Errc::unavailable, "this node is in no cluster yet");
  ForgetPlan out;
  std::set<NodeId> removed;
  for (const std::string& name : request.names) {
    OVERLAY_TRY(ForgetPlan::Node node, find(name));
    OVERLAY_CHECK(check_dead(node));
    if (!removed.insert(node.id).second) continue;
    for (const ipam::BlockRecord& block : context_.blocks.owned_by(node.id))
      node.blocks.push_back(block.prefix);
    const auto voters = ids_of(context_.chain->voters());
    node.voter = std::find(voters.begin(), voters.end(), node.id) != voters.end();
    out.nodes.push_back(std::move(node));
  }
  if (!request.heir.empty()) {
    OVERLAY_TRY(const ForgetPlan::Node heir, find(request.heir));
    if (heir.removed || removed.contains(heir.id)) {
      return fail(Errc::invalid, heir.name + " cannot be the heir: it is removed itself");
    }
    out.heir = heir.id;
    out.heir_name = heir.name;
  }
  const auto voters = without(context_.chain->voters(), removed, members(context_, now));
  for (const NodeId& voter : ids_of(voters)) out.voters.push_back(context_.mesh->name_of(voter));
  return out;
}

void Wishes::forget(CallId call, const ForgetRequest& request, Time now) {
  const auto planned = plan(request, now);
  if (!planned) return answer(call, planned.error());
  const consensus::Change change = change_of(*planned);
  if (change.empty()) return answer(call, {});
  pending_.emplace(context_.rng.bytes<RequestId>(), Pending{call, change, now, {}, now + patience});
}

void Wishes::ask(const RequestId& request, Pending& pending, Time now) {
  pending.step = std::clamp<Duration>(2 * pending.step, first_ask_again, last_ask_again);
  pending.ask_at = now + pending.step;
  const auto voter = lowest_voter(context_);
  if (voter) context_.tell(*voter, wire::Wish{request, pending.change});
}

void Wishes::hear(const Heard& heard, const wire::WishReply& reply) {
  const auto pending = pending_.find(reply.request);
  const auto voters = ids_of(context_.chain->voters());
  const bool by_a_voter = std::find(voters.begin(), voters.end(), heard.from) != voters.end();
  if (pending == pending_.end() || !by_a_voter) return;
  answer(pending->second.call, fail(Errc::refused, reply.refusal));
  pending_.erase(pending);
}

void Wishes::tick(Time now) {
  if (!context_.chain) return;
  for (auto at = pending_.begin(); at != pending_.end();) {
    Pending& pending = at->second;
    const bool done = context_.chain->unmet(pending.change).empty();
    if (done) answer(pending.call, {});
    if (!done && pending.give_up <= now) answer(pending.call, fail(Errc::unavailable, why_late()));
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
    return "the voters have not decided within " + std::to_string(patience / 1s) + " s; try again";
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
  if (chain.removed(context_.id)) return fail(Errc::refused, "it waits for " + decrees_.waiting_for());
  if (!majority_is_here(context_)) return {};
  return fail(Errc::refused, names_of(context_, voters_here(context_)) +
                                 " can be reached, a majority of the voters: there is nothing to recover");
}

void Wishes::recover(CallId call, const std::string& cluster, Time now) {
  const Status allowed = check_recovery(cluster);
  if (!allowed) return answer(call, allowed);
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
  answer(call, {});
}

void Wishes::answer(CallId call, const Status& status) {
  Result<std::optional<LeaseAnswer>> result = std::optional<LeaseAnswer>();
  if (!status) result = status.error();
  context_.out.effects.push_back(Answer{call, std::move(result)});
}

}  // namespace overlay::node
