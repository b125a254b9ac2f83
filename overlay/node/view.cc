// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/view.h"

#include <algorithm>
#include <tuple>

#include "overlay/node/impl.h"

namespace overlay::node {
namespace {

void fill_cluster(const Context& context, View& view) {
  if (!context.chain) return;
  view.cluster = context.chain->cluster();
  view.genesis = context.chain->genesis();
  view.decrees = context.chain->decrees();
  view.vni = context.chain->vni();
  view.feature_level = context.chain->feature_level();
  for (const PublicKey& voter : context.chain->voters()) {
    view.voters.push_back(context.mesh->name_of(hash_id<NodeId>(voter.view())));
  }
  std::sort(view.voters.begin(), view.voters.end());
}

PeerView self_view(const Context& context) {
  PeerView out;
  out.id = context.id;
  out.name = context.config.name;
  out.zone = context.config.zone;
  out.version = context.config.version;
  out.self = true;
  out.reachable = true;
  out.since = context.started;
  if (context.underlay) out.underlay_addresses = {context.underlay->address};
  out.vtep_mac = vtep_mac(context.id);
  out.blocks = context.blocks_of(context.id);
  out.host_uid = context.host_uid;
  return out;
}

PeerView peer_view(const Context& context, const NodeId& node, const wire::NodeInfo& info) {
  PeerView out;
  out.id = node;
  out.name = info.name;
  out.zone = info.zone;
  out.version = info.version;
  out.reachable = context.mesh->reaches(node);
  out.since = context.mesh->reach_changed(node).value_or(context.started);
  out.underlay_addresses = info.underlay;
  out.vtep_mac = info.vtep_mac;
  out.blocks = context.blocks_of(node);
  out.host_uid = info.host_uid;
  return out;
}

/// Names are sorted, and what stands under them is made in that order: thousands of views would take long to
/// move about.
void fill_peers(const Context& context, const Paths& paths, View& view) {
  struct Named {
    std::string_view name;
    NodeId id;
    const wire::NodeInfo* info;  // null: this node
  };
  std::vector<Named> all{{context.config.name, context.id, nullptr}};
  context.mesh->records().each(wire::RecordKind::node, [&](const wire::Record& record) {
    const NodeId node = wire::node_of(record.key);
    const auto& info = std::get<wire::NodeInfo>(record.body);
    if (node != context.id) all.push_back({info.name, node, &info});
  });
  std::ranges::sort(
      all, [](const Named& a, const Named& b) { return std::tie(a.name, a.id) < std::tie(b.name, b.id); });
  view.peers.reserve(all.size());
  for (const Named& named : all) {
    view.peers.push_back(named.info == nullptr ? self_view(context)
                                               : peer_view(context, named.id, *named.info));
    if (named.info != nullptr) view.peers.back().path = paths.view(named.id);
  }
}

LinkView link_view(const mesh::Mesh& mesh, const mesh::Session& session) {
  static constexpr LinkView::State states[] = {LinkView::State::connecting, LinkView::State::handshake,
                                               LinkView::State::established};
  LinkView out;
  out.state = states[static_cast<std::size_t>(session.state)];
  out.peer = session.peer_id;
  if (!session.peer_id.is_zero()) out.peer_name = mesh.name_of(session.peer_id);
  out.address = session.address;
  out.outbound = session.outbound;
  out.since = session.since;
  out.rx_bytes = session.rx_bytes;
  out.tx_bytes = session.tx_bytes;
  out.rtt = session.rtt;
  return out;
}

LinkView retrying(const mesh::Mesh& mesh, const NodeId& peer, const mesh::Attempt& attempt,
                  std::string address) {
  LinkView out;
  out.state = LinkView::State::retrying;
  out.peer = peer;
  if (!peer.is_zero()) out.peer_name = mesh.name_of(peer);
  out.address = std::move(address);
  out.outbound = true;
  out.since = attempt.since;
  out.error = attempt.error;
  return out;
}

/// What is called again and again without success; a neighbour that is also a join target is listed as the
/// target.
void fill_retrying(const mesh::Mesh& mesh, View& view) {
  std::set<NodeId> listed;
  for (const mesh::Target& target : mesh.dialer().targets()) {
    const bool linked = !target.peer.is_zero() && mesh.sessions().busy_with(target.peer);
    if (target.is_self || target.session || linked || target.error.empty()) continue;
    view.links.push_back(retrying(mesh, target.peer, target, target.address.text()));
    listed.insert(target.peer);
  }
  for (const auto& [peer, attempt] : mesh.dialer().neighbours()) {
    if (attempt.session || attempt.error.empty() || listed.contains(peer) || mesh.sessions().busy_with(peer))
      continue;
    const wire::NodeInfo* info = mesh.info(peer);
    const bool named = info != nullptr && !info->endpoints.empty();
    view.links.push_back(retrying(mesh, peer, attempt, named ? info->endpoints.front().text() : ""));
  }
}

/// The last error of an address stays visible while it is being called again.
void keep_errors(const mesh::Mesh& mesh, View& view) {
  for (LinkView& link : view.links) {
    if (link.state == LinkView::State::established || !link.error.empty()) continue;
    for (const mesh::Target& target : mesh.dialer().targets()) {
      if (target.address.text() == link.address) link.error = target.error;
    }
  }
}

void fill_links(const Context& context, View& view) {
  const mesh::Mesh& mesh = *context.mesh;
  for (const auto& [id, session] : mesh.sessions().all()) view.links.push_back(link_view(mesh, session));
  fill_retrying(mesh, view);
  keep_errors(mesh, view);
  std::sort(view.links.begin(), view.links.end(), [](const auto& a, const auto& b) {
    return std::tie(a.peer_name, a.address) < std::tie(b.peer_name, b.address);
  });
}

void fill_ipam(const Context& context, bool all_blocks, View& view) {
  for (const ipam::Space& space : context.spaces()) {
    view.pools.push_back(
        {space.pool, space.pool.count_of(space.block_length), ipam::free_blocks(context.blocks, space)});
  }
  for (const auto& [prefix, record] : context.blocks.all()) {
    const bool owned = record.state == ipam::BlockState::owned;
    if (!all_blocks && (!owned || record.owner != context.id)) continue;
    BlockView block;
    block.record = record;
    if (owned) block.owner_name = context.mesh->name_of(record.owner);
    block.capacity = ipam::capacity(prefix);
    if (owned && record.owner == context.id) {
      block.leased = context.leases.in_use(prefix);
      view.addresses += block.leased;
      view.capacity += block.capacity;
    }
    view.blocks.push_back(std::move(block));
  }
  view.leases = context.leases.all();
}

}  // namespace

/// A handle that no record names is left out.
std::vector<LinkedView> Node::Impl::linked() const {
  const mesh::RecordStore& records = context.mesh->records();
  std::vector<NodeId> named;
  records.each(wire::RecordKind::node,
               [&](const wire::Record& record) { named.push_back(wire::node_of(record.key)); });
  std::ranges::sort(named);
  std::vector<LinkedView> out;
  records.each(wire::RecordKind::links, [&](const wire::Record& record) {
    LinkedView& added = out.emplace_back();
    added.node = wire::node_of(record.key);
    for (const wire::NodeHandle handle : std::get<wire::LinkSet>(record.body).peers) {
      const auto peer = std::ranges::lower_bound(named, handle, {}, wire::handle_of);
      if (peer != named.end() && wire::handle_of(*peer) == handle) added.peers.push_back(*peer);
    }
  });
  return out;
}

Pulse Node::Impl::pulse() const {
  const mesh::RecordStore& records = context.mesh->records();
  Pulse out;
  out.ready = was_ready;
  out.members = records.count(wire::RecordKind::node);
  out.reachable = context.mesh->reachable_count();
  out.blocks = records.count(wire::RecordKind::block);
  out.links = context.mesh->sessions().linked_count();
  out.root = records.root().hash;
  return out;
}

View Node::Impl::view(bool all_blocks) const {
  View out;
  out.id = context.id;
  out.name = context.config.name;
  out.zone = context.config.zone;
  out.version = context.config.version;
  out.waiting_for = waiting_for();
  out.incarnation = context.incarnation;
  out.registered = context.registered;
  out.instance = registration.instance();
  out.offline = registration.offline();
  out.targets = targets.all();
  out.drained = context.departure.drained;
  out.leaving = context.departure.leaving;
  out.left = departure.has_left();
  out.leaving_waits_for = departure.waiting_for();
  if (context.underlay) out.underlay_address = context.underlay->address;
  out.vtep_mac = vtep_mac(context.id);
  out.mtu = context.mtu();
  fill_cluster(context, out);
  fill_peers(context, paths, out);
  out.probes = paths.figures().probes;
  fill_links(context, out);
  fill_ipam(context, all_blocks, out);
  for (const auto& [name, alarm] : context.alarms) out.alarms.push_back({name, alarm.text, alarm.since});
  return out;
}

}  // namespace overlay::node
