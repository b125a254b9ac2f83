// SPDX-License-Identifier: Apache-2.0
// A copy of what a node knows, for the local API and for tests: plain data, sorted, no behaviour.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "overlay/addr/endpoint.h"
#include "overlay/addr/mac.h"
#include "overlay/base/time.h"
#include "overlay/consensus/decree.h"
#include "overlay/ipam/block.h"
#include "overlay/ipam/lease.h"
#include "overlay/paths/prober.h"

namespace overlay::node {

struct PathView {
  paths::Kind kind = paths::Kind::vxlan;
  std::string relay;  // its name
  paths::State state = paths::State::unknown;
  std::string reason;  // why it is not the best there is
  Time since;          // of the state
  std::optional<Duration> rtt;
  double loss = 0;
  std::uint32_t mtu = 0;  // what it carries, as far as is known
};

struct PeerView {
  NodeId id;
  std::string name;
  std::string zone;
  std::string version;
  bool self = false;
  bool reachable = false;
  Time since;  // of the state
  std::vector<Ip> underlay_addresses;
  Mac vtep_mac;
  std::vector<Prefix> blocks;
  std::string host_uid;  // of the Kubernetes Node it is; empty elsewhere
  PathView path;         // of packets there
};

struct LinkView {
  enum class State : std::uint8_t { connecting, handshake, established, retrying };
  State state = State::connecting;
  NodeId peer;            // zero before the hello
  std::string peer_name;  // empty before the hello
  std::string address;    // where we dialled or were called from
  bool outbound = false;
  Time since;
  std::string error;  // why the last attempt failed
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::optional<Duration> rtt;
};

/// Whom a node, this one too, announces that it has sessions with.
struct LinkedView {
  NodeId node;
  std::vector<NodeId> peers;
};

struct BlockView {
  ipam::BlockRecord record;
  std::string owner_name;
  std::uint64_t leased = 0;  // by this node; 0 for others' blocks
  std::uint64_t capacity = 0;
};

struct PoolView {
  Prefix prefix;
  std::uint64_t blocks = 0;
  std::uint64_t free_blocks = 0;
};

struct AlarmView {
  std::string name;
  std::string text;
  Time since;
};

struct View {
  NodeId id;
  std::string name;
  std::string zone;
  std::string version;
  std::vector<std::string> waiting_for;  // empty: ready
  std::optional<Ip> underlay_address;
  Mac vtep_mac;
  std::uint32_t mtu = 0;
  std::optional<ClusterId> cluster;
  std::optional<consensus::Genesis> genesis;
  std::uint32_t vni = 0;
  std::uint32_t feature_level = 0;
  std::vector<std::string> voters;
  std::vector<consensus::Decree> decrees;  // after genesis
  std::vector<PeerView> peers;             // by name, this node among them
  std::vector<LinkView> links;             // by peer name, then address
  std::vector<HostPort> targets;           // whom it calls for ever; see targets.h
  std::vector<PoolView> pools;
  std::vector<BlockView> blocks;  // by prefix
  std::vector<ipam::Lease> leases;
  std::uint64_t incarnation = 0;
  Nonce instance;           // under which it has registered, or will
  bool registered = false;  // it may lease from its blocks
  bool offline = false;     // without the voters' agreement: on the word of its disk
  bool drained = false;     // it takes no new pods
  bool leaving = false;     // it was told to leave the cluster
  bool left = false;        // it has
  std::string leaving_waits_for;
  std::uint64_t addresses = 0;
  std::uint64_t capacity = 0;
  std::vector<AlarmView> alarms;
  std::uint64_t probes = 0;  // of paths, sent since the start

  bool ready() const { return waiting_for.empty(); }
};

/// A node in numbers, for who looks at thousands of them.
struct Pulse {
  bool ready = false;
  std::size_t members = 0;    // known, this one among them
  std::size_t reachable = 0;  // without this one
  std::size_t blocks = 0;     // records of blocks
  std::size_t links = 0;      // established
  std::uint64_t root = 0;     // of all records: equal on two nodes that hold the same
};

}  // namespace overlay::node
