// SPDX-License-Identifier: Apache-2.0
// What a node writes to its log, as values.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "overlay/base/secret.h"
#include "overlay/consensus/paxos.h"
#include "overlay/ipam/lease.h"
#include "overlay/wire/record.h"
#include "overlay/wire/statement.h"

namespace overlay::wire {

/// Of this start; the highest counts.
struct IncarnationEntry {
  std::uint64_t incarnation = 0;
};
/// A record accepted or written: decrees, node and block records.
struct RecordEntry {
  Bytes envelope;
};
struct LeaseEntry {
  ipam::Lease lease;
};
struct ReleaseEntry {
  ipam::LeaseKey key;
  Time at;  // of the boot it was written in
};
/// An address that was let go and must rest for a while; in snapshots, which forget the lease.
struct CoolingEntry {
  Ip address;
  Time since;  // of the boot it was written in
};
/// The request for a block of this family that is not answered yet, and which voter was asked.
struct RequestEntry {
  RequestId request;
  Family family = Family::v4;
  NodeId voter;
};
/// A block record that this voter made or acknowledged while it was not in force.
struct KeptEntry {
  Bytes envelope;
};
/// This node knows all that was in force in a seat before it held it.
struct TakeoverEntry {
  std::uint32_t seat = 0;
  std::uint64_t term = 0;  // since when it holds the seat
};
/// A block this node gives back; it leases nothing from it any more.
struct ReturningEntry {
  Prefix prefix;
};
/// The local number that names a peer's kernel objects.
struct PeerIndexEntry {
  NodeId node;
  std::uint32_t index = 0;
};
/// What this voter promised and accepted of one decree; the last one counts.
struct VoteEntry {
  consensus::Vote vote;
};

/// The block whose first address is this host's own.
struct HomeEntry {
  Prefix prefix;
};
/// What was free when the cluster was recovered in this generation of decrees is no longer held back.
struct RecoveryOverEntry {
  std::uint64_t generation = 0;
};
/// The one genesis that this founder has signed, while there is no cluster.
struct FoundingEntry {
  Bytes proposal;
};

/// Says again that this voter lives, as it was last registered.
struct PulseEntry {
  std::uint64_t pulse = 0;
};
/// This node has registered with a majority of the voters; the nonce tells a restart from a reboot.
struct RegisteredEntry {
  std::uint64_t incarnation = 0;
  Nonce nonce;
};
/// A node has registered with this voter.
struct RegistrationEntry {
  NodeId node;
  Life life;
};
/// This voter knows the register of those who voted before the decree.
struct RegistryEntry {
  std::uint64_t term = 0;
};
/// This node never votes again: its disk was behind what others remember of it.
struct LapsedEntry {};
/// What told this machine from others when it last registered; see node::Binding.
struct BindingEntry {
  std::vector<Bytes> marks;
};
/// This log must not go on under that identity: it was begun for the one that replaces it.
struct DisownedEntry {
  NodeId node;
};

/// What the operator of this node has told it; the last one counts.
struct DepartureEntry {
  bool drained = false;  // no new pods
  bool leaving = false;  // out of the cluster, for ever
  bool at_once = false;  // without waiting for addresses that are in use, or were lately

  friend bool operator==(const DepartureEntry&, const DepartureEntry&) = default;
};

/// Whom to call besides the hosts of the command line; the last one counts.
struct TargetsEntry {
  std::vector<HostPort> hosts;

  friend bool operator==(const TargetsEntry&, const TargetsEntry&) = default;
};

/// What a backup holds besides the log; the first entry of one, and of no log.
struct BackupEntry {
  WallTime taken{};
  std::string version;           // of the program that took it
  SecretSeed seed;               // of the node's identity
  std::optional<Secret> secret;  // of the cluster, where the state directory keeps it
};
/// The log was restored from a backup, by an operator who says that the node lives nowhere else; until it has
/// registered.
struct RestoredEntry {};

using LogEntry = std::variant<IncarnationEntry, RecordEntry, LeaseEntry, ReleaseEntry, CoolingEntry,
                              RequestEntry, KeptEntry, TakeoverEntry, ReturningEntry, HomeEntry,
                              PeerIndexEntry, VoteEntry, RecoveryOverEntry, FoundingEntry, PulseEntry,
                              RegisteredEntry, RegistrationEntry, RegistryEntry, LapsedEntry, BindingEntry,
                              DisownedEntry, DepartureEntry, TargetsEntry, BackupEntry, RestoredEntry>;

Bytes encode_entry(const LogEntry& entry);
/// Errc::corrupt for bytes that are no entry, Errc::unsupported for a kind that only a newer version writes.
[[nodiscard]] Result<LogEntry> decode_entry(std::string_view bytes);

}  // namespace overlay::wire
