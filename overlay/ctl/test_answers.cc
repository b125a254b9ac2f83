// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/test_answers.h"

namespace overlay::ctl::examples {

using namespace std::chrono_literals;

v1::Status status() {
  v1::Status out;
  auto& node = *out.mutable_node();
  node.set_name("h1");
  node.set_id("0123456789abcdef0123456789abcdef");
  node.set_version("0.1.0");
  node.set_ready(true);
  node.set_underlay_address("198.51.100.1");
  node.set_mtu(1450);
  *node.mutable_started() = ago(3h);
  auto& cluster = *out.mutable_cluster();
  cluster.set_id("fedcba9876543210fedcba9876543210");
  cluster.add_pools("10.32.0.0/12");
  cluster.add_pools("fd32::/48");
  cluster.add_voters("h1");
  cluster.set_encryption("none");
  cluster.set_authenticated(true);
  cluster.set_vni(1'193'046);
  cluster.set_vxlan_port(4789);
  cluster.set_block_prefix(24);
  cluster.set_block_prefix6(64);
  out.mutable_peers()->set_known(2);
  out.mutable_peers()->set_reachable(2);
  out.mutable_links()->set_established(2);
  out.mutable_paths()->set_vxlan(2);
  out.mutable_ipam()->set_blocks(1);
  out.mutable_ipam()->set_addresses(2);
  out.mutable_ipam()->set_capacity(255);
  return out;
}

namespace {

v1::Peer& add_peer(v1::Peers& peers, const char* name, const char* address, const char* block) {
  auto& peer = *peers.add_peers();
  peer.set_name(name);
  peer.set_id(std::string(32, name[1]));
  peer.set_state("reachable");
  peer.add_underlay_addresses(address);
  peer.add_blocks(block);
  peer.set_version("0.1.0");
  *peer.mutable_since() = ago(5min);
  return peer;
}

v1::Link& add_link(v1::Links& links, const char* peer, const char* address, const char* state) {
  auto& link = *links.add_links();
  link.set_peer(peer);
  link.set_address(address);
  link.set_state(state);
  *link.mutable_since() = ago(12s);
  return link;
}

void add_block(v1::Ipam& ipam, const char* prefix, const char* owner, const char* state, double seq) {
  auto& block = *ipam.add_blocks();
  block.set_prefix(prefix);
  block.set_owner(owner);
  block.set_state(state);
  block.mutable_epoch()->set_seq(seq);
  block.set_capacity(255);
}

void add_object(v1::Routes& routes, const char* kind, const char* key, const char* peer, const char* desired,
                const char* observed, const char* state) {
  auto& object = *routes.add_objects();
  object.set_kind(kind);
  object.set_key(key);
  object.set_peer(peer);
  object.set_desired(desired);
  object.set_observed(observed);
  object.set_state(state);
}

}  // namespace

v1::Peers peers() {
  v1::Peers out;
  auto& h1 = add_peer(out, "h1", "198.51.100.1", "10.32.0.0/24");
  h1.set_self(true);
  h1.clear_since();
  auto& h2 = add_peer(out, "h2", "198.51.100.2", "10.32.1.0/24");
  h2.add_blocks("10.32.7.0/24");
  h2.add_underlay_addresses("203.0.113.2");
  h2.set_zone("east");
  h2.mutable_path()->set_kind("vxlan");
  h2.mutable_path()->set_state("up");
  h2.mutable_path()->set_rtt_seconds(0.00025);
  h2.mutable_path()->set_mtu(1450);
  auto& h3 = add_peer(out, "h3", "198.51.100.3", "10.32.2.0/24");
  h3.set_state("unreachable");
  h3.mutable_path()->set_kind("vxlan");
  h3.mutable_path()->set_state("unknown");
  h3.mutable_path()->set_reason("connection refused");
  h3.mutable_path()->set_mtu(1450);
  return out;
}

v1::Links links() {
  v1::Links out;
  auto& h2 = add_link(out, "h2", "198.51.100.2:6783", "established");
  h2.set_outbound(true);
  h2.set_rx_bytes(1536);
  h2.set_tx_bytes(7.5e6);
  h2.set_rtt_seconds(0.00025);
  add_link(out, "", "198.51.100.9:41234", "handshake");
  auto& h3 = add_link(out, "h3", "198.51.100.3:6783", "retrying");
  h3.set_outbound(true);
  h3.set_error("connection refused");
  return out;
}

v1::Ipam ipam() {
  v1::Ipam out;
  auto& pool = *out.add_pools();
  pool.set_prefix("10.32.0.0/12");
  pool.set_blocks(4096);
  pool.set_free_blocks(4093);
  add_block(out, "10.32.0.0/24", "h1", "owned", 1);
  out.mutable_blocks(0)->set_addresses(2);
  add_block(out, "10.32.1.0/24", "h2", "owned", 12);
  add_block(out, "10.32.2.0/24", "", "quarantine", 7);
  return out;
}

v1::Addresses addresses() {
  v1::Addresses out;
  auto& address = *out.add_addresses();
  address.set_address("10.32.0.2");
  address.set_network("overlay");
  address.set_container("0c7f5d3b1a9e0c7f5d3b1a9e0c7f5d3b1a9e0c7f5d3b1a9e0c7f5d3b1a9e0c7f");
  address.set_interface("eth0");
  *address.mutable_since() = ago(48h);
  return out;
}

v1::Routes routes() {
  v1::Routes out;
  add_object(out, "link", "overlay0", "", "overlay0 mtu 1450", "overlay0 mtu 1450", "ok");
  add_object(out, "route", "10.32.1.0/24", "h2", "10.32.1.0/24 nhid 2", "", "missing");
  add_object(out, "route", "10.32.2.0/24", "h3", "10.32.2.0/24 nhid 3", "10.32.2.0/24 nhid 9", "differs");
  add_object(out, "route", "10.32.9.0/24", "", "", "10.32.9.0/24 nhid 9", "extra");
  return out;
}

v1::Events events() {
  v1::Events out;
  auto& event = *out.add_events();
  event.set_id(1);
  *event.mutable_time() = ago(1s);
  event.set_level("warning");
  event.set_kind("peer");
  event.set_subject("h3");
  event.set_from("reachable");
  event.set_to("unreachable");
  event.set_text("its last link ended");
  return out;
}

}  // namespace overlay::ctl::examples
