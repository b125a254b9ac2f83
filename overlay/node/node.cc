// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/node.h"

#include <algorithm>

#include "overlay/node/impl.h"
#include "overlay/node/judge.h"
#include "overlay/node/planning.h"

namespace overlay::node {
namespace {

/// So long nobody looks at the parts beside the mesh while it has nothing for them.
constexpr Duration look_interval = std::chrono::seconds(1);

/// The change that a plan comes to.
template <class Plan>
Result<consensus::Change> change_in(const Result<Plan>& plan) {
  if (!plan) return plan.error();
  return change_of(*plan);
}

}  // namespace

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::start(Config config, const KeyPair& identity,
                                          const std::vector<Bytes>& entries, Rng rng, Time now) {
  auto impl = std::make_unique<Impl>(std::move(config), identity, rng, now);
  OVERLAY_CHECK(impl->replay(entries, now));
  if (const std::string left = why_left(impl->context); !left.empty()) return fail(Errc::refused, left);
  if (!impl->context.config.rekeyed.empty())
    impl->context.raise("identity", impl->context.config.rekeyed, now);
  impl->cluster.start(now);
  impl->mesh_start(now);
  impl->settle(now);
  return std::unique_ptr<Node>(new Node(std::move(impl)));
}

// ---- sessions ----

SessionId Node::accepted(const Endpoint& remote, const Channel& channel, Time now) {
  const SessionId session = impl_->context.mesh->accepted(remote, channel, now);
  impl_->settle(now);
  return session;
}

void Node::connected(SessionId session, const Endpoint& /*remote*/, const Channel& channel, Time now) {
  impl_->context.mesh->connected(session, channel, now);
  impl_->settle(now);
}

void Node::received(SessionId session, std::string_view frame, Time now) {
  impl_->context.mesh->received(session, frame, now);
  impl_->settle_mesh(now);
}

void Node::written(SessionId session, std::size_t bytes, Time now) {
  impl_->context.mesh->written(session, bytes, now);
}

void Node::closed(SessionId session, const Error& reason, Time now) {
  impl_->context.mesh->closed(session, reason, now);
  impl_->settle(now);
}

// ---- this host ----

void Node::secrets_changed(std::vector<plan::PairRoot> roots, Time now) {
  Context& context = impl_->context;
  if (roots == context.config.pair_roots) return;
  context.config.pair_roots = std::move(roots);
  if (context.encrypts()) context.kernel_dirty = true;
  impl_->settle(now);
}

void Node::underlay_changed(const plan::Underlay& underlay, Time now) {
  Context& context = impl_->context;
  if (context.underlay != underlay) {
    context.say({Event::Level::info, "underlay", context.config.name,
                 context.underlay ? context.underlay->address.text() : "", underlay.address.text(),
                 "mtu " + std::to_string(underlay.mtu)});
    const bool moved = context.underlay && context.underlay->address != underlay.address;
    context.underlay = underlay;
    context.kernel_dirty = true;
    if (moved) context.mesh->hurry(now);
  }
  impl_->settle(now);
}

void Node::interfaces_seen(const std::set<std::string>& names, Time now) {
  impl_->pods.look(names, now);
  impl_->settle(now);
}

void Node::kernel_reconciled(const Status& result, Time now) {
  Context& context = impl_->context;
  if (result) {
    context.clear("kernel");
  } else {
    context.raise("kernel", result.error().text, now);
  }
  context.kernel = result;
  if (result) impl_->paths.applied();
  impl_->exposure.kernel_reconciled(result);
  impl_->settle(now);
}

void Node::kernel_updated(const std::vector<NodeId>& peers) { impl_->paths.applied(peers); }

void Node::probes_answered(const std::vector<std::uint64_t>& nonces, Time now) {
  for (const std::uint64_t nonce : nonces) impl_->paths.answered(nonce, now);
  impl_->settle_paths(now);
}

void Node::traffic_seen(const std::vector<Ip>& destinations, Time now) {
  impl_->paths.carries(destinations, now);
  impl_->settle_paths(now);
}

bool Node::wants_traffic() const { return impl_->paths.wants_traffic(); }

// ---- what the Kubernetes API server knows ----

void Node::call_also(std::vector<HostPort> targets, Time now) {
  impl_->targets.discover(std::move(targets));
  impl_->settle(now);
}

void Node::known_as(const std::string& host_uid, const std::vector<Prefix>& pod_cidrs, Time now) {
  impl_->context.host_uid = host_uid;
  impl_->blocks.are_named(pod_cidrs);
  impl_->settle(now);
}

std::optional<Bytes> Node::genesis() const {
  const wire::Record* record = impl_->context.mesh->records().find(wire::decree_key(0));
  return record == nullptr ? std::nullopt : std::optional(record->envelope);
}

Result<Bytes> Node::propose_genesis() { return impl_->cluster.propose(); }

Status Node::adopt_genesis(std::string_view record, Time now) {
  const Status adopted = impl_->cluster.adopt_decided(record, now);
  impl_->settle(now);
  return adopted;
}

// ---- local API calls ----

void Node::lease(CallId call, const ipam::LeaseRequest& request, WallTime wall, Time now) {
  const auto waiting = impl_->waiting_for();
  impl_->pods.lease(
      call, request,
      {waiting.empty() ? "" : waiting.front(), impl_->blocks.refusal(), impl_->departure.closed()}, wall,
      now);
  impl_->settle(now);
}

void Node::check(CallId call, const ipam::LeaseKey& key, Time now) {
  impl_->pods.check(call, key);
  impl_->settle(now);
}

void Node::release(CallId call, const ipam::LeaseKey& key, Time now) {
  impl_->pods.release(call, key, now);
  impl_->settle(now);
}

void Node::collect(CallId call, const std::string& network, const std::set<ipam::LeaseKey>& valid, Time now) {
  impl_->pods.collect(call, network, valid, now);
  impl_->settle(now);
}

void Node::expose(CallId call, const std::optional<Ip>& wanted, WallTime wall, Time now) {
  const auto waiting = impl_->waiting_for();
  impl_->exposure.expose(call, wanted, waiting.empty() ? "" : waiting.front(), impl_->blocks.refusal(), wall,
                         now);
  impl_->settle(now);
}

void Node::hide(CallId call, const std::optional<Ip>& which, Time now) {
  impl_->exposure.hide(call, which, now);
  impl_->settle(now);
}

void Node::connect(CallId call, const std::vector<HostPort>& hosts, Time now) {
  impl_->targets.connect(call, hosts);
  impl_->settle(now);
}

void Node::disconnect(CallId call, const std::vector<HostPort>& hosts, Time now) {
  impl_->targets.disconnect(call, hosts);
  impl_->settle(now);
}

void Node::drain(CallId call, bool on, Time now) {
  impl_->departure.drain(call, on);
  impl_->settle(now);
}

void Node::leave(CallId call, bool at_once, Time now) {
  const auto plan = plan_leave(at_once, now);
  if (plan) impl_->exposure.hide(now);  // on disk first: nobody takes it back later
  impl_->departure.leave(call, plan, at_once, now);
  impl_->settle(now);
}

Result<LeavePlan> Node::plan_leave(bool at_once, Time now) const {
  return node::plan_leave(impl_->context, at_once, now);
}

void Node::forget(CallId call, const ForgetRequest& request, Time now) {
  impl_->wishes.wish(call, change_in(plan_forget(request, now)), now);
  impl_->settle(now);
}

Result<ForgetPlan> Node::plan_forget(const ForgetRequest& request, Time now) const {
  return node::plan_forget(impl_->context, request, now);
}

void Node::extend(CallId call, const Prefix& pool, Time now) {
  impl_->wishes.wish(call, change_in(plan_extend(pool)), now);
  impl_->settle(now);
}

Result<ExtendPlan> Node::plan_extend(const Prefix& pool) const {
  return node::plan_extend(impl_->context, pool);
}

void Node::assign(CallId call, const AssignRequest& request, Time now) {
  impl_->wishes.wish(call, change_in(plan_assign(request)), now);
  impl_->settle(now);
}

Result<AssignPlan> Node::plan_assign(const AssignRequest& request) const {
  return node::plan_assign(impl_->context, request);
}

void Node::recover(CallId call, const std::string& cluster, Time now) {
  impl_->wishes.recover(call, cluster, now);
  impl_->settle(now);
}

// ---- time and outputs ----

Time Node::next_deadline() const { return std::min(impl_->next_deadline(), impl_->paths.next_deadline()); }

void Node::tick(Time now) {
  if (now < impl_->next_deadline()) return impl_->settle_paths(now);
  impl_->context.mesh->tick(now);
  impl_->settle_mesh(now);
}

std::vector<SendProbe> Node::take_probes() { return impl_->paths.take_probes(); }
Output Node::take_output() { return std::exchange(impl_->context.out, {}); }
std::optional<plan::Intent> Node::intent() const { return impl_->intent(); }
std::optional<plan::Peer> Node::planned_peer(const NodeId& node) const { return impl_->planned_peer(node); }
std::vector<Bytes> Node::snapshot() const { return impl_->snapshot(); }
std::vector<Bytes> Node::heirloom() const { return impl_->heirloom(); }
View Node::view(Time /*now*/) const { return impl_->view(true); }
View Node::summary() const { return impl_->view(false); }
std::vector<LinkedView> Node::linked() const { return impl_->linked(); }
Pulse Node::pulse() const { return impl_->pulse(); }
const paths::Figures& Node::path_figures() const { return impl_->paths.figures(); }
mesh::Figures Node::mesh_figures() const { return impl_->context.mesh->figures(); }

// ---- putting it together ----

void Node::Impl::mesh_start(Time now) {
  context.kernel_dirty = context.chain.has_value();
  context.mesh->start(now);
}

Time Node::Impl::parts_due() const {
  return std::min({cluster.next_deadline(), decrees.next_deadline(), proposals.next_deadline(),
                   wishes.next_deadline(), quorum.next_deadline(), takeover.next_deadline(),
                   grants.next_deadline(), blocks.next_deadline(), registry.next_deadline(),
                   registration.next_deadline(), departure.next_deadline()});
}

Time Node::Impl::next_deadline() const { return std::min(context.mesh->next_deadline(), parts_due()); }

void Node::Impl::settle_paths(Time now) {
  paths.tick(now);
  gather();
}

void Node::Impl::settle_mesh(Time now) {
  if (context.mesh->take_stirred() || now >= look_due) return settle(now);
  settle_paths(now);
}

void Node::Impl::settle(Time now) {
  mesh::Mesh& mesh = *context.mesh;
  for (const auto& [from, word] : mesh.take_foundings()) cluster.hear(from, word, now);
  cluster.tick(now);
  for (const wire::Record& genesis : mesh.take_genesis()) cluster.hear(genesis, now);
  for (const std::uint64_t incarnation : mesh.take_heard_of_self())
    registration.hear_of_self(incarnation, now);
  registration.tick(now);
  apply_fresh(now);
  decrees.tick(now);
  wishes.tick(now);
  proposals.tick(now);
  takeover.tick(now);
  registry.tick(now);
  grants.tick(now);
  blocks.tick(now);
  for (auto heard = context.take_heard(); !heard.empty(); heard = context.take_heard()) {
    for (const Heard& statement : heard) hear(statement, now);
    proposals.tick(now);
    wishes.tick(now);
    blocks.tick(now);
  }
  describe(now);
  apply_fresh(now);
  departure.tick(now);
  takeover.tick(now);
  quorum.tick(now);
  blocks.put_in_force(now);
  forks.tick(now);
  settle_paths(now);
  report_readiness();
  look_due = std::min(parts_due(), now + look_interval);
}

/// Puts into the output what has come together for it.
void Node::Impl::gather() {
  for (mesh::Effect& effect : std::exchange(context.mesh_out, {})) {
    std::visit([&](auto& e) { context.out.effects.push_back(std::move(e)); }, effect);
  }
  ask_for_reconcile();
}

Status Node::Impl::judge(const wire::Record& record) const {
  OVERLAY_CHECK(decrees.judge(record));
  return node::judge(context, record);
}

/// Until nothing is left: a decree lets in records that were held for it.
void Node::Impl::apply_fresh(Time now) {
  mesh::Mesh& mesh = *context.mesh;
  for (auto fresh = mesh.take_fresh(); !fresh.empty(); fresh = mesh.take_fresh()) {
    for (const wire::RecordRef& record : fresh) apply(*record, now);
  }
  for (const wire::Record& record : mesh.take_clashes()) {
    blocks.clash(record, now);
    decrees.clash(record, now);
  }
}

void Node::Impl::apply(const wire::Record& record, Time now) {
  switch (wire::kind_of(record.key)) {
    case wire::RecordKind::node:
      know_peer(record);
      paths.know(wire::node_of(record.key), now);
      break;
    case wire::RecordKind::block:
      blocks.apply(record, now);
      break;
    case wire::RecordKind::decree:
      decrees.apply(record, now);
      break;
    case wire::RecordKind::fork:
      forks.apply(record);
      break;
    case wire::RecordKind::links:
      break;
  }
}

/// A voter that may not vote now says nothing that a vote follows from; who asked will ask again.
bool Node::Impl::is_muted(const Heard& heard) const {
  const auto& body = heard.body;
  const bool is_vote =
      std::holds_alternative<wire::AckRequest>(body) || std::holds_alternative<wire::Ack>(body) ||
      std::holds_alternative<wire::CopyRequest>(body) || std::holds_alternative<wire::Return>(body) ||
      std::holds_alternative<consensus::Prepare>(body) || std::holds_alternative<consensus::Accept>(body);
  return is_vote && context.is_seated() && !context.votes;
}

void Node::Impl::hear(const Heard& heard, Time now) {
  if (is_muted(heard)) return;
  if (const auto* request = std::get_if<wire::BlockRequest>(&heard.body)) {
    grants.hear(heard, *request, now);
  } else if (const auto* reply = std::get_if<wire::BlockReply>(&heard.body)) {
    blocks.hear(heard, *reply, now);
  } else if (const auto* given = std::get_if<wire::Return>(&heard.body)) {
    grants.hear(heard, *given, now);
  } else if (const auto* record = std::get_if<wire::AckRequest>(&heard.body)) {
    quorum.hear(heard, *record);
  } else if (const auto* ack = std::get_if<wire::Ack>(&heard.body)) {
    quorum.hear(heard, *ack);
  } else if (const auto* wanted = std::get_if<wire::CopyRequest>(&heard.body)) {
    takeover.hear(heard, *wanted);
  } else if (const auto* copy = std::get_if<wire::CopyReply>(&heard.body)) {
    takeover.hear(heard, *copy, now);
  } else if (const auto* question = std::get_if<wire::PathQuestion>(&heard.body)) {
    paths.hear(heard, *question, now);
  } else if (const auto* answer = std::get_if<wire::PathAnswer>(&heard.body)) {
    paths.hear(heard, *answer, now);
  } else {
    hear_of_decrees(heard, now);
    hear_of_registrations(heard, now);
  }
}

void Node::Impl::hear_of_decrees(const Heard& heard, Time now) {
  const auto& body = heard.body;
  if (const auto* wish = std::get_if<wire::Wish>(&body)) {
    proposals.hear(heard, *wish, now);
  } else if (const auto* wish_reply = std::get_if<wire::WishReply>(&body)) {
    wishes.hear(heard, *wish_reply);
    departure.hear(heard, *wish_reply, now);
  } else if (const auto* prepare = std::get_if<consensus::Prepare>(&body)) {
    decrees.hear(heard, *prepare);
  } else if (const auto* accept = std::get_if<consensus::Accept>(&body)) {
    decrees.hear(heard, *accept);
  } else if (const auto* promise = std::get_if<consensus::Promise>(&body)) {
    proposals.hear_answer(heard, *promise, now);
  } else if (const auto* accepted = std::get_if<consensus::Accepted>(&body)) {
    proposals.hear_answer(heard, *accepted, now);
  } else if (const auto* nack = std::get_if<consensus::Nack>(&body)) {
    proposals.hear_answer(heard, *nack, now);
  }
}

void Node::Impl::hear_of_registrations(const Heard& heard, Time now) {
  const auto& body = heard.body;
  if (const auto* asked = std::get_if<wire::Register>(&body)) {
    registry.hear(heard, *asked, now);
  } else if (const auto* answer = std::get_if<wire::RegisterReply>(&body)) {
    registration.hear(heard, *answer, now);
  } else if (const auto* wanted = std::get_if<wire::RegistryRequest>(&body)) {
    registry.hear(heard, *wanted);
  } else if (const auto* copy = std::get_if<wire::RegistryReply>(&body)) {
    registry.hear(heard, *copy);
  }
}

void Node::Impl::number_peer(const NodeId& node) {
  if (context.peer_index.contains(node)) return;
  const std::uint32_t index = context.take_peer_index();
  context.peer_index[node] = index;
  context.persist(wire::PeerIndexEntry{node, index}, false);
}

void Node::Impl::know_peer(const wire::Record& record) {
  const NodeId node = wire::node_of(record.key);
  number_peer(node);
  context.persist(wire::RecordEntry{record.envelope}, false);
  for (const Prefix& block : context.blocks_of(node)) context.ownerless.erase(block);
  context.replan(node);
}

/// While an owner is not known everything is looked at, so that what its blocks' routes wait for is noticed.
void Node::Impl::ask_for_reconcile() {
  ReconcileKernel effect;
  if (const bool now_whole = sees_all(); now_whole != std::exchange(whole, now_whole))
    context.kernel_dirty = true;
  const std::set<NodeId> peers = std::exchange(context.replanned, {});
  const bool of_pods = std::exchange(context.pods_dirty, false);
  const bool all = std::exchange(context.kernel_dirty, false) || (lacking && !peers.empty());
  if (!context.chain || !context.underlay || (!all && !of_pods && peers.empty())) return;
  if (all || of_pods) {
    lacking = !context.ownerless.empty();
    effect.urgent = all || !peers.empty();
  } else {
    effect.peers.assign(peers.begin(), peers.end());
  }
  context.out.effects.push_back(std::move(effect));
}

}  // namespace overlay::node
