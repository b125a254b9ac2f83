// SPDX-License-Identifier: Apache-2.0
// One overlay node as a deterministic state machine: membership, address blocks, leases, kernel intent.
// It never blocks, never calls back, never reads a clock; whoever runs it feeds inputs with the time and then
// takes one Output (see io.h). Remote input is data: it can cost its session, never throw, never assert.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/addr/endpoint.h"
#include "overlay/base/crypto.h"
#include "overlay/base/rng.h"
#include "overlay/base/time.h"
#include "overlay/consensus/genesis.h"
#include "overlay/mesh/figures.h"
#include "overlay/node/io.h"
#include "overlay/node/plans.h"
#include "overlay/node/view.h"
#include "overlay/plan/intent.h"
#include "overlay/plan/ways.h"
#include "overlay/plan/wireguard.h"
#include "overlay/wire/opener.h"

namespace overlay::node {

/// What the operator gave. Values of genesis are only wishes once a cluster exists: `given` says which were
/// asked for by hand, so that a difference can be refused by name.
struct Config {
  std::string name;
  std::string zone;
  std::string version;
  std::vector<HostPort> join;
  bool bootstrap = false;
  bool kubernetes = false;  // the cluster is founded, or found, by propose_genesis() and adopt_genesis()
  std::size_t bootstrap_expect = 0;         // founders, the first of `join`; 0: none are expected
  consensus::Genesis genesis;               // pools, lengths, port, vni, family, encryption to found with
  std::vector<std::string> given;           // flags of genesis given by hand: "pool", "block-prefix", …
  std::vector<std::uint16_t> listen_ports;  // where peers dial this node at its underlay address
  std::uint16_t wireguard_port = 51820;     // UDP, of encrypted packets to this node
  std::vector<plan::PairRoot> pair_roots;   // of the cluster's secrets, this node's own first
  std::uint32_t mtu = 0;                    // --mtu N; 0: from the underlay
  bool direct_routes = true;                // without VXLAN to neighbours, where that works
  bool probe_paths = true;                  // false: all are taken to work
  std::vector<Prefix> no_masquerade;
  Duration reap_after = std::chrono::minutes(5);    // see Node::interfaces_seen
  Duration spare_after = std::chrono::minutes(10);  // a block is given back when it was idle this long
  Duration quarantine = std::chrono::hours(1);      // of blocks whose owner may still be alive somewhere
  bool choose_voters = true;                        // grow and replace the voters unasked
  wire::Opener* opener = nullptr;  // shared by the nodes of a simulation; null: a node opens its own records
  bool offline_start = true;       // a restart goes on without the voters after a while
  Nonce instance;                  // drawn at the first start since the machine's boot; zero: unknown
  std::vector<Bytes> binding;      // what tells this machine from others, see registration.h
  std::string rekeyed;             // why this start has a new identity; empty: it has not
  ClusterId kernel_cluster;        // named by the alias of an overlay.vx that was there at start; zero: none
  plan::FoundWays kernel_ways;     // which ways that kernel leads peers' packets
};

class Node {
 public:
  /// `entries` are what an earlier life persisted, in order; none for a first start.
  /// Errc::corrupt when they contradict themselves (the text names which and the cure).
  [[nodiscard]] static Result<std::unique_ptr<Node>> start(Config config, const KeyPair& identity,
                                                           const std::vector<Bytes>& entries, Rng rng,
                                                           Time now);
  ~Node();

  // ---- sessions ----
  /// A connection came in; the returned id names it until closed(). `channel`: what the transport knows of
  /// it.
  SessionId accepted(const Endpoint& remote, const Channel& channel, Time now);
  /// A Dial succeeded.
  void connected(SessionId session, const Endpoint& remote, const Channel& channel, Time now);
  /// The body of one frame.
  void received(SessionId session, std::string_view frame, Time now);
  /// `bytes` of frame bodies given by Send have left for the operating system.
  void written(SessionId session, std::size_t bytes, Time now);
  /// The session ended or the Dial failed, and not by a Close.
  void closed(SessionId session, const Error& reason, Time now);

  // ---- this host ----
  /// Other secrets of the cluster are held from now on.
  void secrets_changed(std::vector<plan::PairRoot> roots, Time now);
  void underlay_changed(const plan::Underlay& underlay, Time now);
  /// The names of all interfaces of this host, seen now; to be told at intervals. A lease whose interface
  /// stays away for Config::reap_after is given back: its pod went without a DEL.
  void interfaces_seen(const std::set<std::string>& names, Time now);
  /// The result of carrying out ReconcileKernel: readiness waits for the first success.
  void kernel_reconciled(const Status& result, Time now);
  /// It was done, for these peers alone.
  void kernel_updated(const std::vector<NodeId>& peers);
  /// Echo replies came that show these nonces. Give what has come before tick().
  void probes_answered(const std::vector<std::uint64_t>& nonces, Time now);
  /// Where pods have been sending to lately: addresses, or first addresses of as much as this node's blocks
  /// are. Of use while wants_traffic().
  void traffic_seen(const std::vector<Ip>& destinations, Time now);
  bool wants_traffic() const;

  // ---- what the Kubernetes API server knows ----
  /// Whom to call for ever, besides Config::join.
  void call_also(std::vector<HostPort> targets, Time now);
  /// Which Kubernetes Node this host is, by its UID, and the podCIDRs that Node has by now.
  void known_as(const std::string& host_uid, const std::vector<Prefix>& pod_cidrs, Time now);
  /// The record this cluster was founded by; nothing before there is one.
  std::optional<Bytes> genesis() const;
  /// What this node would found a cluster by. It is no cluster before everybody has agreed on it elsewhere.
  [[nodiscard]] Result<Bytes> propose_genesis();
  /// That was agreed on. Errc::conflict: this node is in another cluster, or has a flag that differs.
  [[nodiscard]] Status adopt_genesis(std::string_view record, Time now);

  // ---- local API calls; each is answered by one Answer, at once or later ----
  void lease(CallId call, const ipam::LeaseRequest& request, WallTime wall, Time now);
  void check(CallId call, const ipam::LeaseKey& key, Time now);
  void release(CallId call, const ipam::LeaseKey& key, Time now);
  /// A CNI GC: gives back what `network` leases to others than `valid`.
  void collect(CallId call, const std::string& network, const std::set<ipam::LeaseKey>& valid, Time now);

  /// One more address of this host, `wanted` or any; takes it back. Answered with it when the kernel has done
  /// so.
  void expose(CallId call, const std::optional<Ip>& wanted, WallTime wall, Time now);
  void hide(CallId call, const std::optional<Ip>& which, Time now);

  /// Calls them for ever too, besides Config::join; ends that. See targets.h.
  void connect(CallId call, const std::vector<HostPort>& hosts, Time now);
  void disconnect(CallId call, const std::vector<HostPort>& hosts, Time now);
  /// Takes no new pods from now on, and gives back blocks without pods; with `on` false that ends.
  void drain(CallId call, bool on, Time now);
  /// Leaves the cluster for good: gives back its blocks and its vote, and is removed by decree; Left follows.
  /// Answered when it is out, or soon: it goes on by itself, whatever happens to it, and view() tells of it.
  /// `at_once`: pods that run here are cut off.
  void leave(CallId call, bool at_once, Time now);
  [[nodiscard]] Result<LeavePlan> plan_leave(bool at_once, Time now) const;

  // What needs a decree is answered when it is there, or with what is against it; each plan_… says what would
  // be done, and its errors too.
  /// Removes dead nodes for ever.
  void forget(CallId call, const ForgetRequest& request, Time now);
  [[nodiscard]] Result<ForgetPlan> plan_forget(const ForgetRequest& request, Time now) const;
  /// Adds a pool to those there are.
  void extend(CallId call, const Prefix& pool, Time now);
  [[nodiscard]] Result<ExtendPlan> plan_extend(const Prefix& pool) const;
  /// Settles who owns a prefix.
  void assign(CallId call, const AssignRequest& request, Time now);
  [[nodiscard]] Result<AssignPlan> plan_assign(const AssignRequest& request) const;
  /// Appoints new voters when the majority of the old ones is lost; `cluster`: its id, or 8 digits of it.
  void recover(CallId call, const std::string& cluster, Time now);

  // ---- time ----
  /// Call at or after this time, even without input.
  Time next_deadline() const;
  void tick(Time now);

  /// What there is to do; call after every input until the next.
  Output take_output();
  /// What there is to send of SendProbe; likewise.
  std::vector<SendProbe> take_probes();

  // ---- snapshots ----
  /// What the kernel should hold; nothing before a cluster, a block and an underlay are known.
  std::optional<plan::Intent> intent() const;
  /// The part of it that is about one peer; nothing when that one is not to be reached, or no more.
  std::optional<plan::Peer> planned_peer(const NodeId& node) const;
  /// Entries that rebuild the whole persistent state: the store writes them as a new log.
  std::vector<Bytes> snapshot() const;
  /// What a new identity starts from instead: all that is known of the cluster and of others. See Rekey.
  std::vector<Bytes> heirloom() const;
  View view(Time now) const;
  /// The same without others' blocks, each of which is an entry.
  View summary() const;
  /// The mesh as its members announce it, in no order.
  std::vector<LinkedView> linked() const;
  /// The same in a few numbers, at no cost.
  Pulse pulse() const;
  const paths::Figures& path_figures() const;
  mesh::Figures mesh_figures() const;

 private:
  class Impl;
  explicit Node(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace overlay::node
