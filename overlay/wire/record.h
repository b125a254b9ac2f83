// SPDX-License-Identifier: Apache-2.0
// Records: signed statements of one author that spread to every node. Whoever relays one passes on its bytes,
// so fields a relay does not know survive it, and nobody can write another's record.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "overlay/addr/endpoint.h"
#include "overlay/addr/mac.h"
#include "overlay/base/crypto.h"
#include "overlay/consensus/decree.h"
#include "overlay/ipam/block.h"

namespace overlay::wire {

enum class RecordKind : std::uint8_t {
  decree = 1,  // genesis and all that followed
  node = 2,    // what a node says of itself
  links = 3,   // its established links
  block = 4,   // ownership of a prefix, by the seat's voter
  fork = 8,    // two block records of one epoch that contradict each other
};

struct RecordKeyTag {
  static constexpr const char* name = "record key";
};
/// The kind and what it is about (a node id, a prefix, a decree index), padded with zeros.
using RecordKey = FixedBytes<RecordKeyTag, 20>;

/// Names a key in announcements and digests. Nobody can choose a node id, so nobody can choose this.
using KeyHash = std::uint64_t;
KeyHash hash_of(const RecordKey& key);

inline RecordKind kind_of(const RecordKey& key) { return static_cast<RecordKind>(key.bytes[0]); }

/// Of two records with one key the higher version counts. (incarnation, version), (term, seq) or (0, index).
struct RecordVersion {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;

  friend auto operator<=>(const RecordVersion&, const RecordVersion&) = default;
};

/// How packets to a node are encrypted.
struct WireguardInfo {
  WireguardKey public_key;
  std::uint16_t port = 0;              // UDP, at its underlay address
  std::vector<std::uint64_t> secrets;  // ids of the cluster secrets it holds, its own first

  friend bool operator==(const WireguardInfo&, const WireguardInfo&) = default;
};

/// What a node says of itself.
struct NodeInfo {
  std::string name;
  std::string zone;
  std::string version;
  std::vector<Endpoint> endpoints;  // mesh, TCP
  std::vector<Ip> underlay;         // its VXLAN packets go to the first, and come from any
  Mac vtep_mac;
  std::uint32_t features = 0;  // the highest feature level it knows
  std::string host_uid;        // of the Kubernetes Node this host is; empty elsewhere
  std::vector<Ip> hosts = {};  // its own addresses in the pools, one of a family
  bool lapsed = false;         // its disk was behind what others remember of it: it never votes again
  std::optional<WireguardInfo> wireguard = {};  // in an encrypted cluster
  bool leaving = false;  // it was told to leave the cluster: it may be removed while it lives

  friend bool operator==(const NodeInfo&, const NodeInfo&) = default;
};

/// Stands for a node where size counts: the first eight bytes of its id.
using NodeHandle = std::uint64_t;
NodeHandle handle_of(const NodeId& node);

/// A node's established links, sorted.
struct LinkSet {
  std::vector<NodeHandle> peers;

  friend bool operator==(const LinkSet&, const LinkSet&) = default;
};

/// A decree after genesis, and why it holds. Records of one decree may be by several authors and have several
/// proofs; only the value counts.
struct DecreeRecord {
  Bytes value;  // as the voters accepted it
  consensus::Decree decree;
  consensus::Proof proof;

  friend bool operator==(const DecreeRecord&, const DecreeRecord&) = default;
};

/// Evidence that a voter signed two different block records of one epoch which overlap. Whoever sees both
/// says so; only the two count, not who says it.
struct ForkRecord {
  Bytes one;  // the envelopes, the smaller first
  Bytes other;
  ipam::BlockRecord first;  // what they say
  ipam::BlockRecord second;

  /// The larger of the two prefixes, which nest.
  const Prefix& prefix() const { return first.prefix.contains(second.prefix) ? first.prefix : second.prefix; }
  friend bool operator==(const ForkRecord&, const ForkRecord&) = default;
};

using RecordBody =
    std::variant<consensus::Genesis, NodeInfo, LinkSet, ipam::BlockRecord, DecreeRecord, ForkRecord>;

/// A record that was opened (parsed, bounded, its signature checked) or sealed by ourselves.
struct Record {
  RecordKey key;
  RecordVersion version;
  PublicKey author;
  RecordBody body;
  Bytes envelope;  // as its author encoded it
  std::uint64_t content =
      0;  // hash of the envelope; of a decree its value, of a fork its evidence alone; for digests
};

/// Records are never changed; many may hold one.
using RecordRef = std::shared_ptr<const Record>;

RecordKey node_key(const NodeId& node);
RecordKey links_key(const NodeId& node);
RecordKey block_key(const Prefix& prefix);
RecordKey decree_key(std::uint64_t index);
/// The node a node or links record is about.
NodeId node_of(const RecordKey& key);

/// Signs a body. A block's version is its epoch, a decree's (0, index); `version` is for the author's own
/// records. `cluster` is zero for genesis alone, which is what makes the cluster.
Record seal(const RecordBody& body, RecordVersion version, const KeyPair& author, const ClusterId& cluster);

/// Parses and bounds an envelope; Errc::invalid says what is wrong with it. Nothing is known of the signature
/// yet: this is enough to see that a record is nothing new, and costs a hundredth of the rest.
[[nodiscard]] Result<Record> read(std::string_view envelope);
/// Errc::invalid when the author it names did not sign it for this cluster.
[[nodiscard]] Status check_signature(const Record& record, const ClusterId& cluster);
/// Both of them.
[[nodiscard]] Result<Record> open(std::string_view envelope, const ClusterId& cluster);

/// Two envelopes of block records as evidence; Errc::invalid when they do not contradict each other. Whether
/// they are well signed is another question.
[[nodiscard]] Result<ForkRecord> make_fork(const Bytes& one, const Bytes& other);

/// The id of the cluster a genesis record founds.
ClusterId cluster_of(const Record& genesis);

}  // namespace overlay::wire
