// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/planning.h"

#include <algorithm>

#include "overlay/node/electorate.h"
#include "overlay/node/judge.h"

namespace overlay::node {
namespace {

Error no_cluster() { return fail(Errc::unavailable, "this node is in no cluster yet"); }

/// A node that is known by this name or id, else one that was removed under it.
Result<ForgetPlan::Node> find(const Context& context, const std::string& name) {
  std::vector<ForgetPlan::Node> found;
  const auto offer = [&](const NodeId& id, const std::string& known_as, bool removed) {
    if (known_as == name || begins(id.hex(), name)) found.push_back({id, known_as, {}, false, removed});
  };
  offer(context.id, context.config.name, false);
  context.mesh->records().each(wire::RecordKind::node, [&](const wire::Record& record) {
    const NodeId id = wire::node_of(record.key);
    if (id != context.id) offer(id, context.mesh->name_of(id), false);
  });
  if (found.empty()) {
    for (const auto& [id, removal] : context.chain->all_removed()) offer(id, removal.name, true);
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

Status check_dead(const Context& context, const ForgetPlan::Node& node) {
  if (node.removed || !is_here(context, node.id)) return {};
  if (node.id == context.id) {
    return fail(Errc::refused,
                "a node cannot forget itself: ask another one when " + node.name + " is stopped");
  }
  return fail(Errc::refused,
              context.config.name + " reaches " + node.name + ", which is not dead: stop its overlayd first");
}

std::vector<std::string> pods_of(const Context& context) {
  std::vector<std::string> out;
  for (const ipam::Lease& lease : context.leases.all()) {
    if (lease.key == host_attachment()) continue;
    out.push_back(lease.key.container + " (" + lease.addresses.front().text() + ")");
  }
  for (const std::string& name : context.strangers) out.push_back("the one behind " + name);
  return out;
}

Error pods_run(const Context& context, const std::vector<std::string>& pods) {
  constexpr std::size_t most_pods_named = 5;
  std::string named;
  for (std::size_t i = 0; i < std::min(pods.size(), most_pods_named); ++i)
    named += (i == 0 ? "" : ", ") + pods[i];
  if (pods.size() > most_pods_named)
    named += " and " + std::to_string(pods.size() - most_pods_named) + " more";
  return fail(Errc::refused, std::to_string(pods.size()) + " pods run on " + context.config.name + ": " +
                                 named +
                                 "; 'overlayctl drain' keeps new ones away, stop these, or give --force, "
                                 "which cuts them off");
}

}  // namespace

bool begins(const std::string& hex, const std::string& digits) {
  return digits.size() >= id_digits && hex.compare(0, digits.size(), digits) == 0;
}

// ---- forget ----

Result<ForgetPlan> plan_forget(const Context& context, const ForgetRequest& request, Time now) {
  if (!context.chain) return no_cluster();
  ForgetPlan out;
  std::set<NodeId> removed;
  for (const std::string& name : request.names) {
    OVERLAY_TRY(ForgetPlan::Node node, find(context, name));
    OVERLAY_CHECK(check_dead(context, node));
    if (!removed.insert(node.id).second) continue;
    for (const ipam::BlockRecord& block : context.blocks.owned_by(node.id))
      node.blocks.push_back(block.prefix);
    const auto voters = ids_of(context.chain->voters());
    node.voter = std::find(voters.begin(), voters.end(), node.id) != voters.end();
    out.nodes.push_back(std::move(node));
  }
  if (!request.heir.empty()) {
    OVERLAY_TRY(const ForgetPlan::Node heir, find(context, request.heir));
    if (heir.removed || removed.contains(heir.id)) {
      return fail(Errc::invalid, heir.name + " cannot be the heir: it is removed itself");
    }
    out.heir = heir.id;
    out.heir_name = heir.name;
  }
  const auto voters = without(context.chain->voters(), removed, members(context, now));
  for (const NodeId& voter : ids_of(voters)) out.voters.push_back(context.mesh->name_of(voter));
  return out;
}

consensus::Change change_of(const ForgetPlan& plan) {
  consensus::Change out;
  for (const ForgetPlan::Node& node : plan.nodes) {
    if (!node.removed) out.removed.push_back({node.id, node.name, plan.heir});
  }
  return out;
}

// ---- leave ----

Result<LeavePlan> plan_leave(const Context& context, bool at_once, Time now) {
  if (!context.chain) return no_cluster();
  LeavePlan out;
  out.blocks = context.blocks_of(context.id);
  out.pods = pods_of(context);
  out.voter = context.is_seated();
  std::set<NodeId> leaving = {context.id};
  context.mesh->records().each(wire::RecordKind::node, [&](const wire::Record& record) {
    if (is_leaving(context, wire::node_of(record.key))) leaving.insert(wire::node_of(record.key));
  });
  const auto voters = without(context.chain->voters(), leaving, members(context, now));
  if (voters.empty()) {
    return fail(Errc::refused,
                context.config.name +
                    " reaches no other node that could vote in its place: start one, or, if this "
                    "cluster is to end, stop overlayd and run 'overlayctl teardown'");
  }
  for (const NodeId& voter : ids_of(voters)) out.voters.push_back(context.mesh->name_of(voter));
  if (!out.pods.empty() && !at_once) return pods_run(context, out.pods);
  return out;
}

// ---- extend ----

Status check_pool(const Context& context, const Prefix& pool) {
  Status out;
  const auto look = [&](const std::string& name, const Ip& address) {
    if (!out || !pool.contains(address)) return;
    out = fail(Errc::conflict, "the pool " + pool.text() + " holds the underlay address " + address.text() +
                                   " of " + name + "; give another one");
  };
  if (context.underlay) look(context.config.name, context.underlay->address);
  context.mesh->records().each(wire::RecordKind::node, [&](const wire::Record& record) {
    const auto& info = std::get<wire::NodeInfo>(record.body);
    for (const Ip& address : info.underlay) look(info.name, address);
  });
  return out;
}

Result<ExtendPlan> plan_extend(const Context& context, const Prefix& pool) {
  if (!context.chain) return no_cluster();
  const consensus::Chain& chain = *context.chain;
  ExtendPlan out{pool, pool.count_of(std::max(pool.length(), chain.genesis().block_length(pool.family())))};
  out.done = chain.unmet(change_of(out)).empty();
  if (out.done) return out;
  OVERLAY_CHECK(consensus::validate_pool(pool));
  OVERLAY_CHECK(chain.fits(change_of(out)));
  OVERLAY_CHECK(check_pool(context, pool));
  return out;
}

consensus::Change change_of(const ExtendPlan& plan) {
  consensus::Change out;
  out.pools = {plan.pool};
  return out;
}

// ---- assign ----

Status check_assignment(const Context& context, const consensus::Assignment& assignment) {
  const Prefix& prefix = assignment.prefix;
  OVERLAY_CHECK(context.chain->fits(consensus::Change{.assigned = {assignment}}));
  if (!seat_of(context, prefix)) {
    return fail(Errc::invalid, prefix.text() +
                                   " is no part of a pool that one voter grants from; give the prefix "
                                   "of a block, as 'overlayctl ipam' shows it");
  }
  if (prefix.length() >= prefix.address().bits()) {
    return fail(Errc::invalid, prefix.text() + " is one address; a block needs the host's and one for a pod");
  }
  for (const ipam::BlockRecord& held : context.blocks.overlapping(prefix)) {
    const bool other = held.state == ipam::BlockState::owned &&
                       context.chain->successor(held.owner).value_or(assignment.owner) != assignment.owner;
    if (!other || context.is_forked(held.prefix)) continue;
    return fail(Errc::refused, held.prefix.text() + " is owned by " + context.mesh->name_of(held.owner) +
                                   ", which has not given it up: drain it there first");
  }
  return {};
}

Result<AssignPlan> plan_assign(const Context& context, const AssignRequest& request) {
  if (!context.chain) return no_cluster();
  OVERLAY_TRY(const ForgetPlan::Node owner, find(context, request.owner));
  if (owner.removed) return fail(Errc::refused, owner.name + " was removed from the cluster");
  AssignPlan out{request.prefix, owner.id, owner.name, {}, context.chain->term(), false};
  std::set<std::string> holders;
  for (const ipam::BlockRecord& held : context.blocks.overlapping(request.prefix)) {
    if (held.state == ipam::BlockState::owned) holders.insert(context.mesh->name_of(held.owner));
  }
  out.holders.assign(holders.begin(), holders.end());
  const ipam::BlockRecord* held = context.blocks.around(request.prefix);
  out.done = held != nullptr && held->state == ipam::BlockState::owned && held->owner == owner.id &&
             !context.is_forked(request.prefix);
  if (out.done) return out;
  OVERLAY_CHECK(check_assignment(context, {out.prefix, out.owner, out.above}));
  return out;
}

consensus::Change change_of(const AssignPlan& plan) {
  consensus::Change out;
  if (!plan.done) out.assigned = {{plan.prefix, plan.owner, plan.above}};
  return out;
}

}  // namespace overlay::node
