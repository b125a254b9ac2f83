// SPDX-License-Identifier: Apache-2.0
// What must hold at every moment, checked from outside: the checker sees what nodes know (their views), what
// they answered and what their kernels hold, and keeps books of its own. Each rule is described where it is
// checked.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "overlay/ipam/block_map.h"
#include "overlay/node/view.h"
#include "overlay/sim/kernel.h"
#include "overlay/sim/log.h"

namespace overlay::sim {

/// The block records that a node knows.
ipam::BlockMap::Records records_of(const node::View& view);

class Invariants {
 public:
  /// `founders`: so many found the cluster together, and all of them sign it; 0: it is founded otherwise.
  Invariants(std::size_t hosts, std::size_t founders, Verdict& verdict)
      : hosts_(hosts), founders_(founders), verdict_(verdict) {}

  /// A node's knowledge, all of it on its disk, after a step that may have changed it.
  void observe(HostIndex host, const node::View& view);
  /// A node's knowledge right after a start, from what its disk kept.
  void restarted(HostIndex host, const node::View& view);
  /// An ADD was answered: the container is alive with these addresses.
  void became_live(HostIndex host, const ipam::LeaseKey& key, const std::vector<Ip>& addresses, Time now);
  /// The container is gone, or its DEL is under way.
  void ended(HostIndex host, const ipam::LeaseKey& key, Time now);
  /// An entry of a machine's log that no crash can take away any more.
  void durable(HostIndex host, const NodeId& node, const Bytes& entry);
  void key_shared(const NodeId& node) { fallen_back_.insert(node); }
  /// What a machine had on its disk is gone: another image of `node` is there now. `pods_go_on`: but its
  /// containers run.
  void disk_replaced(HostIndex host, const NodeId& node, bool pods_go_on);
  /// The machine goes on under an identity that was never there before.
  void identity_replaced(HostIndex host);
  /// A machine of this key has left its cluster.
  /// `owed`: blocks that it had when it was told to, and no pods in them.
  void left(HostIndex host, const node::View& view, const PublicKey& key,
            const std::vector<ipam::BlockRecord>& owed);
  /// A kernel lost routes, by the will of a node that knows this.
  void routes_lost(HostIndex host, const node::View& view, const Kernel::Routes& routes);
  /// A kernel was written to, and packets of its machine go in this circle; empty: in none.
  void ways_changed(HostIndex host, const std::string& loop);

  /// How many times each rule was looked at, for the report of a run.
  const std::map<std::string, std::uint64_t>& checked() const { return checked_; }
  std::size_t clusters() const { return clusters_.size(); }

 private:
  using Version = std::pair<Prefix, ipam::Epoch>;
  /// The life that is registered for an identity, and where it is lived.
  struct Holder {
    std::uint64_t incarnation = 0;
    Nonce instance;
    HostIndex host = no_host;
  };
  /// The books of one cluster, of everything any of its members has ever shown.
  struct Cluster {
    consensus::Genesis genesis;
    std::vector<Prefix> pools;  // of genesis and of decrees
    std::map<std::uint64_t, consensus::Decree> decrees;
    std::set<NodeId> removed;
    ipam::BlockMap truth;
    std::map<Version, ipam::BlockRecord> records;
    std::map<Version, std::set<HostIndex>> seen_by;  // of each, the first two
    std::map<std::pair<RequestId, Family>, Prefix> granted;
    std::map<Prefix, HostIndex> claims;                                   // blocks a node leases from
    std::map<std::pair<std::uint32_t, ipam::Epoch>, RequestId> sequence;  // of each seat
    std::map<Ip, std::pair<HostIndex, ipam::LeaseKey>> live;
    std::map<Ip, Time> ended;
    std::map<NodeId, Holder> holders;  // of each identity
  };
  struct Host {
    NodeId id;
    std::optional<ClusterId> cluster;
    std::uint64_t term = 0;
    std::map<std::uint64_t, std::vector<PublicKey>> decreed;  // voters, by the decrees on its disk
    ipam::BlockMap::Records known;
    std::vector<Prefix> claims;
    std::map<ipam::LeaseKey, std::vector<Ip>> live;
  };

  void identity(HostIndex host, const node::View& view);
  Cluster* cluster_of(HostIndex host, const node::View& view);
  Cluster& member_of(HostIndex host, const ClusterId& id, const consensus::Genesis& genesis);
  void decrees(HostIndex host, const node::View& view, Cluster& cluster);
  void removed(const NodeId& node, Cluster& cluster);
  void records(HostIndex host, const node::View& view, Cluster& cluster);
  void learn(HostIndex host, const ipam::BlockRecord& record, Cluster& cluster);
  void founded(HostIndex host, const ClusterId& cluster);
  void acknowledges(HostIndex host, const NodeId& node, const ipam::BlockRecord& block);
  void unforked(HostIndex host, const node::View& view);
  void acknowledged(HostIndex host, const ipam::BlockRecord& record, const Cluster& cluster);
  void monotone(HostIndex host, const ipam::BlockMap::Records& now);
  void registration(HostIndex host, const node::View& view, Cluster& cluster);
  bool is_held_by(HostIndex host, const Cluster& cluster) const;
  void drop(HostIndex host, Cluster& cluster);
  void claims(HostIndex host, const node::View& view, Cluster& cluster);
  void leases(HostIndex host, const node::View& view);
  void broken(HostIndex host, const std::string& rule, const std::string& text);
  void count(const char* rule, std::uint64_t times = 1) { checked_[rule] += times; }

  std::vector<Host> hosts_;
  std::size_t founders_;
  std::map<ClusterId, std::set<NodeId>> signed_by_;  // founders, of each genesis that was proposed
  std::map<ClusterId, Cluster> clusters_;
  std::map<Version, std::set<NodeId>> on_disk_;  // whose log holds the record
  std::map<std::tuple<NodeId, std::uint64_t, Nonce>, std::set<NodeId>>
      registered_;                // each life, and with which voters
  std::set<NodeId> fallen_back_;  // identities whose disk an older image has replaced, or whose key is shared
  std::map<std::string, std::uint64_t> checked_;
  Verdict& verdict_;
};

}  // namespace overlay::sim
