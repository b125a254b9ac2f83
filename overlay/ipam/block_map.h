// SPDX-License-Identifier: Apache-2.0
// The merged truth about ownership: which record is in force for each address of the pools.
//
// Aligned prefixes either nest or are apart, so the records form a forest. Two rules keep it small and the
// answer easy: a record goes when records of higher epochs cover it whole, and a nested record always has a
// higher epoch than the one around it. So the longest match at an address is also the highest epoch there, as
// it is in the kernel's routes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "overlay/ipam/block.h"

namespace overlay::ipam {

/// What came of offering a record.
enum class Merge : std::uint8_t {
  applied,  // in force for at least one address
  known,    // held already
  stale,    // higher epochs cover all of it
  fork,  // overlaps another record of the same epoch: one of the two is a lie, and the first one held stays
};

/// Merging is commutative, associative and idempotent as long as nobody forks.
class BlockMap {
 public:
  using Records = std::map<Prefix, BlockRecord>;

  /// `others`, where given, receives the records this one displaced (applied) or contradicts (fork), by
  /// prefix.
  Merge merge(const BlockRecord& record, std::vector<BlockRecord>* others = nullptr);

  /// The record of exactly this prefix; null where there is none. Valid until the next merge.
  const BlockRecord* find(const Prefix& prefix) const;
  /// The smallest record that holds all of `prefix`, itself included; null where there is none.
  const BlockRecord* around(const Prefix& prefix) const;
  /// The records around `prefix` and those nested in it, by prefix.
  std::vector<BlockRecord> overlapping(const Prefix& prefix) const;
  /// The record in force at one address.
  std::optional<BlockRecord> at(const Ip& address) const;
  /// Sorted by prefix. A nested record of somebody else takes its part away.
  std::vector<BlockRecord> owned_by(const NodeId& owner) const;
  /// What a request was answered with, sorted by prefix; empty while it has not been, or when all of it is
  /// given back.
  std::vector<BlockRecord> by_request(const RequestId& request) const;
  /// Sorted by prefix: a record comes before those nested in it.
  const Records& all() const { return records_; }

  /// Above every epoch this map has ever been offered of `seat`; the sequence of a seat goes on across terms.
  Epoch next_epoch(std::uint64_t term, std::uint32_t seat) const;

 private:
  std::vector<BlockRecord> rivals(const BlockRecord& record) const;
  bool covered(const Prefix& prefix, const Epoch& below) const;
  bool has_inside(const Prefix& prefix) const;
  bool covered_but(const BlockRecord& outer, Prefix part) const;
  const BlockRecord* parent_of(const Prefix& prefix) const;
  std::vector<BlockRecord> displace(const BlockRecord& by);
  void insert(const BlockRecord& record);
  void erase(const BlockRecord& record);

  Records records_;
  std::set<std::pair<NodeId, Prefix>> by_owner_;
  std::set<std::pair<RequestId, Prefix>> by_request_;
  std::map<std::uint32_t, std::uint64_t> highest_seq_;  // of each seat
};

}  // namespace overlay::ipam
