// SPDX-License-Identifier: Apache-2.0
// What the parts of a node share: who it is, what it knows, and where outputs go. Each part (cluster, blocks,
// pods) is one file with its own state and works on this.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/consensus/chain.h"
#include "overlay/ipam/block_map.h"
#include "overlay/ipam/leases.h"
#include "overlay/ipam/seats.h"
#include "overlay/mesh/mesh.h"
#include "overlay/node/io.h"
#include "overlay/node/node.h"
#include "overlay/plan/intent.h"
#include "overlay/wire/log_entry.h"
#include "overlay/wire/statement.h"

namespace overlay::node {

struct Alarm {
  std::string text;
  Time since;
};

/// A statement that arrived, and the way back to whoever made it.
struct Heard {
  NodeId from;
  wire::StatementBody body;
  wire::Routed via;  // without a statement when this node said it to itself
};

struct Context {
  Context(Config config, const KeyPair& identity, Rng rng, Time now);

  Config config;
  KeyPair identity;
  NodeId id;
  Rng rng;
  plan::Encryption encryption;  // this node's part in it, should the cluster be encrypted
  WireguardKey wireguard;       // the public key of that
  Time started;
  std::uint64_t incarnation = 0;

  mesh::Outbox mesh_out;
  std::unique_ptr<mesh::Mesh> mesh;       // made when the log has been replayed
  std::optional<consensus::Chain> chain;  // nothing before a cluster is known
  ipam::BlockMap blocks;
  std::map<wire::RecordKey, wire::ForkRecord> forks;  // all evidence there ever was
  std::set<Prefix> ownerless;      // owned blocks of whose owner there is no record here (yet)
  std::map<Prefix, Time> at_rest;  // returned and quarantined blocks, since when as this node saw it
  ipam::Leases leases;
  std::map<Family, Prefix> home;    // the block whose first address is this host's; it is never given back
  std::map<Family, Prefix> named;   // the blocks Kubernetes chose for this node, as far as it has told
  std::set<Prefix> returning;       // owned blocks that this node gives back: nothing is leased from them
  std::set<std::string> strangers;  // interfaces of pods that run here and that this disk does not know
  std::set<Prefix> doubtful;  // owned blocks of which they may have addresses: nothing is leased from them
  std::map<NodeId, std::uint32_t> peer_index;  // names each peer's kernel objects
  std::vector<bool> taken_indices;             // as of the last new peer, and how many
  std::size_t taken_count = 0;
  std::uint32_t lowest_index = 1;  // none below it is free
  std::optional<plan::Underlay> underlay;
  std::string host_uid;          // of the Kubernetes Node this host is
  std::optional<Status> kernel;  // of the last reconcile; nothing before the first
  std::map<std::string, Alarm> alarms;
  bool kernel_dirty = false;       // anything of the intent may have changed
  std::set<NodeId> replanned;      // or what it wants for these peers alone
  bool pods_dirty = false;         // a lease came or went
  bool registered = false;         // this node may lease and ask for blocks; see registration.h
  bool votes = false;              // and vote
  bool lapsed = false;             // and never vote again
  wire::DepartureEntry departure;  // what its operator has told it about its staying
  wire::TargetsEntry targets;      // and whom to call
  /// This voter has yet to learn from that one, which voted before it, what was acknowledged.
  std::function<bool(const NodeId&)> learns_from;
  Output out;
  std::vector<Heard> said_to_self;

  /// Puts an entry into this input's output.
  void persist(const wire::LogEntry& entry, bool urgent = true);
  void say(Event event) { out.effects.push_back(std::move(event)); }
  /// Raises an alarm once; a change of its text is news too.
  void raise(const std::string& name, const std::string& text, Time now);
  void clear(const std::string& name);

  /// Says it to another node, or to this one. False when there is no way there now.
  bool tell(const NodeId& to, const wire::StatementBody& body);
  void answer(const Heard& question, const wire::StatementBody& body);
  /// To the caller of the local API who waits for no address.
  void answer(CallId call, const Status& status);
  /// What was said to this node since the last call; malformed and forged statements are left out.
  std::vector<Heard> take_heard();

  /// What a node says of itself, or which blocks it owns, has changed.
  void replan(const NodeId& node);

  /// A voter that may vote: it is registered, and its disk is not behind.
  bool is_voter() const { return is_seated() && votes; }
  /// The newest decree names it as a voter.
  bool is_seated() const;
  /// The blocks of this cluster are the podCIDRs of Kubernetes Nodes.
  bool names_blocks() const { return chain && chain->genesis().ipam == consensus::Ipam::kubernetes; }
  /// The pools, IPv4 first, and how each is cut; nothing before a cluster is known.
  std::vector<ipam::Space> spaces() const;
  std::vector<ipam::Space> spaces(Family family) const;
  /// The blocks a node owns, those of removed nodes that it inherits among them; none for a removed one.
  std::vector<Prefix> blocks_of(const NodeId& node) const { return blocks_of(node, blocks); }
  std::vector<Prefix> blocks_of(const NodeId& node, const ipam::BlockMap& map) const;
  /// This node leases from it, or would: it is the owner, or stands for a removed one.
  bool is_mine(const ipam::BlockRecord& block) const;
  /// Two records contradict each other about some of `prefix`, and no decree has settled it.
  bool is_forked(const Prefix& prefix) const;
  /// What this node owns now is doubtful while there are strangers, and tells the operator.
  void doubt_blocks(Time now);
  /// What pod addresses are drawn from.
  ipam::Supply supply() const;
  /// Packets between the hosts of this cluster are encrypted.
  bool encrypts() const { return chain && chain->genesis().encryption == consensus::Encryption::wireguard; }
  /// By which keys packets to a peer are encrypted; nothing where there is no way to.
  std::optional<plan::PeerKey> key_of(const wire::NodeInfo& peer) const;
  /// MTU of overlay0, the tunnel device and pods; 0 before the underlay is known.
  std::uint32_t mtu() const;
  /// The smallest local number no peer has; for a peer that is entered at once.
  std::uint32_t take_peer_index();
  /// Keeps `ownerless`: for a block that has changed, and for all when owners may have.
  void look_for_owner(const ipam::BlockRecord& block);
  void look_for_owners();
  /// Its prefix is no longer in force anywhere: forget the record.
  void drop_block_records(const std::vector<ipam::BlockRecord>& displaced);
};

}  // namespace overlay::node
