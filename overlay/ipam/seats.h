// SPDX-License-Identifier: Apache-2.0
// The free space of a pool: cut into numbered seats, each held by one voter, which alone grants blocks from
// it.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "overlay/ipam/block_map.h"

namespace overlay::ipam {

/// One pool and how genesis cuts it.
struct Space {
  Prefix pool;
  int block_length = 24;
  std::uint32_t seats = 8;  // rounded down to a power of two, and to the number of blocks
};

/// The seat's slice: the pool is cut by its top bits. `seat` is below seat_count().
Prefix slice_of(const Space& space, std::uint32_t seat);
/// How many seats really have a slice.
std::uint32_t seat_count(const Space& space);
/// Whose slice holds `block`, which lies in the pool and in one slice.
std::uint32_t seat_of(const Space& space, const Prefix& block);

/// What may be granted.
struct Choice {
  bool never_used = true;
  /// Asked for each returned or quarantined record; by default what was returned.
  std::function<bool(const BlockRecord&)> may_reuse = [](const BlockRecord& record) {
    return record.state == BlockState::free;
  };
};

/// The block to grant next out of `held_seats` of all `spaces`: never used (lowest first), else returned (the
/// oldest epoch first), else out of quarantine (alike). None: nothing is left.
std::optional<Prefix> choose_block(const BlockMap& blocks, const std::vector<Space>& spaces,
                                   const std::vector<std::uint32_t>& held_seats, const Choice& choice = {});

/// How many blocks of the pool nobody owns and no quarantine holds back; at most 2^53-1.
std::uint64_t free_blocks(const BlockMap& blocks, const Space& space);

}  // namespace overlay::ipam
