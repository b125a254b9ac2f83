// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/view.h"

#include <algorithm>
#include <map>

namespace overlay::control {

namespace {

/// Counts stay below 2^53 (Prefix::size saturates there), so a double keeps them exactly.
double number(std::uint64_t count) { return static_cast<double>(count); }

std::string_view text_of(consensus::Encryption encryption) {
  return encryption == consensus::Encryption::wireguard ? "wireguard" : "none";
}

std::string_view text_of(node::LinkView::State state) {
  switch (state) {
    case node::LinkView::State::connecting:
      return "connecting";
    case node::LinkView::State::handshake:
      return "handshake";
    case node::LinkView::State::established:
      return "established";
    case node::LinkView::State::retrying:
      return "retrying";
  }
  return "?";
}

std::string_view text_of(ipam::BlockState state) {
  switch (state) {
    case ipam::BlockState::owned:
      return "owned";
    case ipam::BlockState::free:
      return "free";
    case ipam::BlockState::quarantine:
      return "quarantine";
  }
  return "?";
}

/// The best link to a peer: an established one before any other; null when there is none.
const node::LinkView* link_to(const node::View& view, const NodeId& peer) {
  const node::LinkView* found = nullptr;
  for (const auto& link : view.links) {
    if (link.peer != peer) continue;
    if (link.state == node::LinkView::State::established) return &link;
    found = &link;
  }
  return found;
}

std::string why_unreachable(const node::LinkView* link) {
  if (link == nullptr) return "no path of links leads to it";
  if (!link->error.empty()) return link->error;
  return "its link at " + link->address + " is " + std::string(text_of(link->state));
}

/// Why packets do not go the best way, and why the daemon there is not reached.
std::string reason_of(const node::View& view, const node::PeerView& peer) {
  if (peer.reachable) return peer.path.reason;
  const std::string unreachable = why_unreachable(link_to(view, peer.id));
  return peer.path.state == paths::State::up ? unreachable : peer.path.reason + "; " + unreachable;
}

/// What Peer.Path and Paths.Path have in common.
template <class Path>
void fill_path(const node::View& view, const node::PeerView& peer, Path& out) {
  const node::PathView& path = peer.path;
  out.set_kind(paths::name(path.kind));
  out.set_relay(path.relay);
  out.set_state(paths::name(path.state));
  out.set_reason(reason_of(view, peer));
  if (path.rtt) out.set_rtt_seconds(seconds(*path.rtt));
  out.set_loss(path.loss);
  out.set_mtu(path.mtu);
}

void add_node(const node::View& view, const DaemonFacts& facts, v1::Status::Node& out) {
  out.set_name(view.name);
  out.set_id(view.id.hex());
  out.set_version(view.version);
  out.set_ready(view.ready());
  for (const auto& reason : view.waiting_for) out.add_waiting_for(reason);
  if (view.underlay_address) out.set_underlay_address(view.underlay_address->text());
  out.set_vtep_mac(text(view.vtep_mac));
  out.set_zone(view.zone);
  out.set_mtu(view.mtu);
  *out.mutable_started() = to_timestamp(facts.started);
  out.set_drained(view.drained);
  out.set_leaving(view.leaving);
}

void add_cluster(const node::View& view, const DaemonFacts& facts, v1::Status::Cluster& out) {
  out.set_authenticated(facts.authenticated);
  if (view.cluster) out.set_id(view.cluster->hex());
  out.set_vni(view.vni);
  for (const auto& voter : view.voters) out.add_voters(voter);
  if (!view.genesis) return;
  const auto& genesis = *view.genesis;
  out.set_encryption(std::string(text_of(genesis.encryption)));
  out.set_vxlan_port(genesis.vxlan_port);
  out.set_feature_level(view.feature_level);
  for (const auto& pool : view.pools) {
    out.add_pools(pool.prefix.text());
    const auto length = static_cast<std::uint32_t>(genesis.block_length(pool.prefix.family()));
    pool.prefix.family() == Family::v4 ? out.set_block_prefix(length) : out.set_block_prefix6(length);
  }
}

void add_paths(const node::View& view, v1::Status::Paths& out) {
  std::map<paths::Kind, std::uint32_t> up;
  std::uint32_t down = 0;
  for (const auto& peer : view.peers) {
    if (peer.self) continue;
    peer.path.state == paths::State::up ? ++up[peer.path.kind] : ++down;
  }
  out.set_vxlan(up[paths::Kind::vxlan]);
  out.set_direct(up[paths::Kind::direct]);
  out.set_wireguard(up[paths::Kind::wireguard]);
  out.set_relay(up[paths::Kind::relay]);
  out.set_down(down);
}

void add_counts(const node::View& view, v1::Status& out) {
  std::uint32_t known = 0;
  std::uint32_t reachable = 0;
  for (const auto& peer : view.peers) {
    if (peer.self) continue;
    ++known;
    if (peer.reachable) ++reachable;
  }
  out.mutable_peers()->set_known(known);
  out.mutable_peers()->set_reachable(reachable);
  add_paths(view, *out.mutable_paths());
  const auto links_in = [&](node::LinkView::State state) {
    return static_cast<std::uint32_t>(std::ranges::count(view.links, state, &node::LinkView::state));
  };
  out.mutable_links()->set_established(links_in(node::LinkView::State::established));
  out.mutable_links()->set_retrying(links_in(node::LinkView::State::retrying));
}

void add_ipam(const node::View& view, v1::Status::Ipam& out) {
  out.set_blocks(static_cast<std::uint32_t>(std::ranges::count_if(view.blocks, [&](const auto& block) {
    return block.record.state == ipam::BlockState::owned && block.record.owner == view.id;
  })));
  out.set_addresses(number(view.addresses));
  out.set_capacity(number(view.capacity));
}

void add_block(const node::BlockView& block, v1::Ipam::Block& out) {
  const auto& record = block.record;
  out.set_prefix(record.prefix.text());
  if (record.state == ipam::BlockState::owned) {
    out.set_owner(block.owner_name.empty() ? record.owner.hex() : block.owner_name);
  }
  out.mutable_epoch()->set_term(number(record.epoch.term));
  out.mutable_epoch()->set_seq(number(record.epoch.seq));
  out.set_state(std::string(text_of(record.state)));
  out.set_addresses(number(block.leased));
  out.set_capacity(number(block.capacity));
}

bool is_cni_name(std::string_view text) {
  const auto alphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const auto allowed = [&](char c) { return alphanumeric(c) || c == '_' || c == '.' || c == '-'; };
  return !text.empty() && text.size() <= 255 && alphanumeric(text.front()) &&
         std::ranges::all_of(text, allowed);
}

/// The kernel's rule (net/core/dev.c, dev_valid_name), less control characters.
bool is_interface_name(std::string_view text) {
  if (text.empty() || text.size() > 15 || text == "." || text == "..") return false;
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c != 0x7f && c != '/' && c != ':'; });
}

}  // namespace

google::protobuf::Timestamp to_timestamp(WallTime t) {
  using namespace std::chrono;
  // What a Timestamp may say (the years 1 to 9999); a clock beyond that must not stop the daemon.
  constexpr sys_days first = year{1} / January / 1;
  constexpr sys_days last = year{9999} / December / 31;
  t = std::clamp<WallTime>(t, first, last);
  const auto whole = floor<std::chrono::seconds>(t);
  google::protobuf::Timestamp out;
  out.set_seconds(whole.time_since_epoch().count());
  out.set_nanos(static_cast<std::int32_t>(nanoseconds(t - whole).count()));
  return out;
}

WallTime to_wall_time(const google::protobuf::Timestamp& t) {
  return WallTime(std::chrono::seconds(t.seconds())) + std::chrono::milliseconds(t.nanos() / 1'000'000);
}

namespace {

void add_peer(const node::View& view, const node::PeerView& peer, const ClockPair& clock, v1::Peer& added) {
  added.set_name(peer.name);
  added.set_id(peer.id.hex());
  added.set_self(peer.self);
  added.set_state(peer.self || peer.reachable ? "reachable" : "unreachable");
  for (const auto& address : peer.underlay_addresses) added.add_underlay_addresses(address.text());
  added.set_zone(peer.zone);
  for (const auto& block : peer.blocks) added.add_blocks(block.text());
  if (!peer.self) fill_path(view, peer, *added.mutable_path());
  added.set_version(peer.version);
  // This node has no state of its own to be in: status tells when it started.
  if (!peer.self) *added.mutable_since() = to_timestamp(clock.wall_time(peer.since));
}

/// More of them are left to `overlayctl peers`.
constexpr int unreachable_told_max = 10;

void add_unreachable(const node::View& view, const ClockPair& clock, v1::Status& out) {
  for (const auto& peer : view.peers) {
    if (peer.self || peer.reachable) continue;
    if (out.unreachable_size() == unreachable_told_max) return;
    add_peer(view, peer, clock, *out.add_unreachable());
  }
}

std::uint32_t reachable_voters(const node::View& view) {
  return static_cast<std::uint32_t>(std::ranges::count_if(view.peers, [&](const node::PeerView& peer) {
    return (peer.self || peer.reachable) && std::ranges::find(view.voters, peer.name) != view.voters.end();
  }));
}

}  // namespace

v1::Status to_status(const node::View& view, const DaemonFacts& facts, const ClockPair& clock) {
  v1::Status out;
  add_node(view, facts, *out.mutable_node());
  add_cluster(view, facts, *out.mutable_cluster());
  add_counts(view, out);
  add_unreachable(view, clock, out);
  out.mutable_cluster()->set_voters_reachable(reachable_voters(view));
  add_ipam(view, *out.mutable_ipam());
  for (const auto& alarm : view.alarms) {
    auto& added = *out.add_alarms();
    added.set_name(alarm.name);
    added.set_text(alarm.text);
    *added.mutable_since() = to_timestamp(clock.wall_time(alarm.since));
  }
  return out;
}

v1::Peers to_peers(const node::View& view, const ClockPair& clock) {
  v1::Peers out;
  for (const auto& peer : view.peers) add_peer(view, peer, clock, *out.add_peers());
  return out;
}

v1::Paths to_paths(const node::View& view, const ClockPair& clock) {
  v1::Paths out;
  out.set_probes(number(view.probes));
  for (const auto& peer : view.peers) {
    if (peer.self) continue;
    auto& added = *out.add_paths();
    added.set_peer(peer.name);
    fill_path(view, peer, added);
    if (peer.path.state != paths::State::unknown)
      *added.mutable_since() = to_timestamp(clock.wall_time(peer.path.since));
  }
  return out;
}

v1::Links to_links(const node::View& view, const ClockPair& clock) {
  v1::Links out;
  for (const auto& link : view.links) {
    auto& added = *out.add_links();
    added.set_peer(link.peer_name);
    added.set_address(link.address);
    added.set_outbound(link.outbound);
    added.set_state(std::string(text_of(link.state)));
    *added.mutable_since() = to_timestamp(clock.wall_time(link.since));
    added.set_error(link.error);
    added.set_rx_bytes(number(link.rx_bytes));
    added.set_tx_bytes(number(link.tx_bytes));
    if (link.rtt) added.set_rtt_seconds(seconds(*link.rtt));
  }
  return out;
}

v1::Ipam to_ipam(const node::View& view) {
  v1::Ipam out;
  for (const auto& pool : view.pools) {
    auto& added = *out.add_pools();
    added.set_prefix(pool.prefix.text());
    added.set_free_blocks(number(pool.free_blocks));
    added.set_blocks(number(pool.blocks));
  }
  for (const auto& block : view.blocks) add_block(block, *out.add_blocks());
  return out;
}

v1::Addresses to_addresses(const node::View& view) {
  struct Row {
    Ip address;
    const ipam::Lease* lease;
  };
  std::vector<Row> rows;
  for (const auto& lease : view.leases) {
    for (const auto& address : lease.addresses) rows.push_back({address, &lease});
  }
  std::ranges::sort(rows, {}, &Row::address);
  v1::Addresses out;
  for (const auto& [address, lease] : rows) {
    auto& added = *out.add_addresses();
    added.set_address(address.text());
    added.set_network(lease->key.network);
    added.set_container(lease->key.container);
    added.set_interface(lease->key.interface);
    *added.mutable_since() = to_timestamp(lease->since);
  }
  return out;
}

node::ForgetRequest to_forget_request(const v1::ForgetRequest& request) {
  return {{request.names().begin(), request.names().end()}, request.heir()};
}

v1::Forgotten to_forgotten(const node::ForgetPlan& plan, bool dry_run) {
  v1::Forgotten out;
  for (const node::ForgetPlan::Node& node : plan.nodes) {
    auto& added = *out.add_nodes();
    added.set_name(node.name);
    added.set_id(node.id.hex());
    for (const Prefix& block : node.blocks) added.add_blocks(block.text());
    added.set_voter(node.voter);
    added.set_removed_before(node.removed);
  }
  out.set_heir(plan.heir_name);
  for (const std::string& voter : plan.voters) out.add_voters(voter);
  out.set_dry_run(dry_run);
  return out;
}

namespace {

/// What is still here of a node that is to take no pods, or to go.
template <class Message>
void add_rest(const node::View& view, Message& out) {
  for (const auto& lease : view.leases) {
    if (lease.key == host_attachment()) continue;
    out.add_pods(lease.key.container + " (" + lease.addresses.front().text() + ")");
  }
  for (const auto& block : view.blocks) {
    const bool own = block.record.state == ipam::BlockState::owned && block.record.owner == view.id;
    if (own) out.add_blocks(block.record.prefix.text());
  }
}

}  // namespace

v1::Targets to_targets(const node::View& view) {
  v1::Targets out;
  for (const HostPort& target : view.targets) out.add_targets(target.text());
  return out;
}

v1::Drained to_drained(const node::View& view) {
  v1::Drained out;
  out.set_drained(view.drained);
  add_rest(view, out);
  return out;
}

v1::Leaving to_leaving(const node::LeavePlan& plan, const std::string& name) {
  v1::Leaving out;
  out.set_name(name);
  out.set_state("member");
  for (const Prefix& block : plan.blocks) out.add_blocks(block.text());
  for (const std::string& pod : plan.pods) out.add_pods(pod);
  out.set_voter(plan.voter);
  for (const std::string& voter : plan.voters) out.add_voters(voter);
  out.set_dry_run(true);
  return out;
}

v1::Leaving to_leaving(const node::View& view) {
  v1::Leaving out;
  out.set_name(view.name);
  out.set_state(view.left ? "left" : "leaving");
  out.set_waits_for(view.leaving_waits_for);
  if (!view.left) add_rest(view, out);
  return out;
}

v1::Extended to_extended(const node::ExtendPlan& plan, bool dry_run) {
  v1::Extended out;
  out.set_pool(plan.pool.text());
  out.set_blocks(number(plan.blocks));
  out.set_done_before(plan.done);
  out.set_dry_run(dry_run);
  return out;
}

v1::Assigned to_assigned(const node::AssignPlan& plan, bool dry_run) {
  v1::Assigned out;
  out.set_prefix(plan.prefix.text());
  out.set_owner(plan.owner_name);
  for (const std::string& holder : plan.holders) out.add_holders(holder);
  out.set_done_before(plan.done);
  out.set_dry_run(dry_run);
  return out;
}

v1::Lease to_lease(const node::LeaseAnswer& answer) {
  v1::Lease out;
  for (const auto& address : answer.lease.addresses) out.add_addresses(address.text());
  out.set_mac(text(answer.lease.mac));
  out.set_gateway_mac(text(answer.gateway_mac));
  out.set_mtu(answer.mtu);
  for (const auto& pool : answer.pools) out.add_pools(pool.text());
  return out;
}

namespace {

Error unusable(const char* field, const std::string& value, const char* rule) {
  return fail(Errc::invalid, std::string(field) + " \"" + value + "\" is not usable: give " + rule);
}

constexpr auto* name_rule = "1 to 255 of A-Z a-z 0-9 _ . -, the first a letter or digit";

Status check_network(const std::string& network) {
  if (!is_cni_name(network)) return unusable("network", network, name_rule);
  return {};
}

Result<ipam::LeaseKey> checked(ipam::LeaseKey key) {
  OVERLAY_CHECK(check_network(key.network));
  if (!is_cni_name(key.container)) return unusable("container", key.container, name_rule);
  if (!is_interface_name(key.interface))
    return unusable("interface", key.interface, "1 to 15 characters without space, '/' or ':'");
  return key;
}

Result<Mac> unicast_mac(const std::string& text) {
  OVERLAY_TRY(const Mac mac, parse_mac(text));
  const bool group = (mac.bytes[0] & 1) != 0;
  if (group || mac == Mac()) return unusable("mac", text, "the address of one interface");
  return mac;
}

}  // namespace

Result<ipam::LeaseKey> to_lease_key(const v1::LeaseRequest& request) {
  return checked({request.network(), request.container(), request.interface()});
}

Result<ipam::LeaseRequest> to_lease_request(const v1::LeaseRequest& request) {
  OVERLAY_TRY(ipam::LeaseRequest out, to_lease_key(request));
  for (const std::string& text : request.addresses()) {
    OVERLAY_TRY(const Ip address, Ip::parse(text));
    const auto same_family = [&](const Ip& other) { return other.family() == address.family(); };
    if (std::ranges::any_of(out.addresses, same_family))
      return unusable("addresses", text, "one address of each family");
    out.addresses.push_back(address);
  }
  if (!request.mac().empty()) {
    OVERLAY_TRY(out.mac, unicast_mac(request.mac()));
  }
  out.without_ipv6 = request.without_ipv6();
  out.masquerade = !request.without_masquerade();
  return out;
}

Result<std::set<ipam::LeaseKey>> to_valid(const v1::CollectRequest& request) {
  OVERLAY_CHECK(check_network(request.network()));
  std::set<ipam::LeaseKey> out;
  for (const auto& valid : request.valid()) {
    OVERLAY_TRY(auto key, checked({request.network(), valid.container(), valid.interface()}));
    out.insert(std::move(key));
  }
  return out;
}

}  // namespace overlay::control
