// SPDX-License-Identifier: Apache-2.0
// Decrees: the few changes of a cluster that need agreement. Each names its predecessor, so they form a chain
// that begins with genesis; each but a recovery is proved by signatures of a majority of its predecessor's
// voters.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "overlay/consensus/genesis.h"

namespace overlay::consensus {

inline constexpr std::size_t max_removed = 256;  // in one decree
inline constexpr std::size_t max_prefixes = 64;  // pools, and assignments, in one decree

// ---- indexes ----

/// A recovery begins a new generation of indexes, above every index of the one before: so one number orders
/// all decrees, whatever the voters that were lost had decided and nobody heard.
inline constexpr int generation_shift = 32;
inline std::uint64_t generation_of(std::uint64_t index) { return index >> generation_shift; }
/// Of the first decree of the next generation.
inline std::uint64_t recovery_index(std::uint64_t after) {
  return (generation_of(after) + 1) << generation_shift;
}

// ---- values ----

/// A node that is out for ever.
struct RemovedNode {
  NodeId node;
  std::string name;            // as it was known by then, for people
  std::optional<NodeId> heir;  // gets its blocks; none: they go back to their seats

  friend bool operator==(const RemovedNode&, const RemovedNode&) = default;
};

/// Settles by decree who owns a prefix.
struct Assignment {
  Prefix prefix;
  NodeId owner;
  std::uint64_t above = 0;  // what decrees up to this index said of the prefix is overruled

  friend bool operator==(const Assignment&, const Assignment&) = default;
};

/// What a decree says beside who votes; every part may be empty.
struct Change {
  std::vector<RemovedNode> removed = {};
  std::vector<Prefix> pools = {};  // added to those there are
  std::vector<Assignment> assigned = {};
  std::optional<std::uint32_t> feature_level = {};

  bool empty() const { return *this == Change{}; }
  friend bool operator==(const Change&, const Change&) = default;
};

/// Both changes; of two that differ about one thing the first counts.
Change combined(const Change& first, const Change& second);

struct Decree {
  std::uint64_t index = 0;
  std::uint64_t follows = 0;      // index of its predecessor
  Digest previous;                // hash of its predecessor
  std::vector<PublicKey> voters;  // from now on, by position: seat s is held by voters[s mod voters]
  Change change;
  Digest hash;  // of its value as it was first encoded; not part of the value

  bool is_recovery() const { return index == recovery_index(follows); }
  friend bool operator==(const Decree&, const Decree&) = default;
};

/// Errc::invalid says which part of the decree cannot be, whatever it follows.
[[nodiscard]] Status validate(const Decree& decree);

/// The hash of a decree whose value is encoded as `value`.
Digest hash_of_value(std::string_view value);
/// What the first decree names as its predecessor.
Digest hash_of_genesis(const ClusterId& cluster);

// ---- proof ----

/// Orders the attempts to decide one index.
struct Ballot {
  std::uint64_t round = 0;
  PublicKey proposer;

  friend auto operator<=>(const Ballot&, const Ballot&) = default;
};

struct AcceptSignature {
  PublicKey voter;
  Signature signature;

  friend bool operator==(const AcceptSignature&, const AcceptSignature&) = default;
};

/// Why a decree holds: voters that accepted its value in one ballot. For a recovery: the member that made it.
struct Proof {
  Ballot ballot;
  std::vector<AcceptSignature> accepted;

  friend bool operator==(const Proof&, const Proof&) = default;
};

/// What a voter signs when it accepts the value of this hash.
Bytes accept_statement(const ClusterId& cluster, std::uint64_t index, const Ballot& ballot,
                       const Digest& hash);

/// How many of `voters` are a majority.
inline std::size_t majority_of(std::size_t voters) { return voters / 2 + 1; }

}  // namespace overlay::consensus
