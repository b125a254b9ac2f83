// SPDX-License-Identifier: Apache-2.0
#include "overlay/ipam/seats.h"

#include <algorithm>
#include <bit>

namespace overlay::ipam {
namespace {

int slice_length(const Space& space) {
  const std::uint64_t blocks = space.pool.count_of(space.block_length);
  const std::uint64_t slices =
      std::bit_floor(std::clamp<std::uint64_t>(space.seats, 1, std::max(blocks, std::uint64_t{1})));
  return space.pool.length() + std::countr_zero(slices);
}

/// The lowest block of `length` in `within` that no record inside `within` touches. It walks the records
/// there, not the blocks there could be.
std::optional<Prefix> lowest_untouched(const BlockMap& map, const Prefix& within, int length) {
  std::uint64_t next = 0;
  const auto& records = map.all();
  for (auto at = records.upper_bound(within); at != records.end() && within.contains(at->first); ++at) {
    const Prefix first = Prefix::around(at->first.address(), std::max(length, within.length()));
    const std::uint64_t index = first.index_in(within);
    if (index > next) break;
    next = std::max(next, index + std::max<std::uint64_t>(1, at->first.count_of(length)));
  }
  if (next >= within.count_of(length)) return std::nullopt;
  return within.nth(length, next);
}

std::optional<Prefix> never_used(const BlockMap& map, const std::vector<Space>& spaces,
                                 const std::vector<std::uint32_t>& seats) {
  for (const Space& space : spaces) {
    for (const auto seat : seats) {
      if (seat >= seat_count(space)) continue;
      const Prefix slice = slice_of(space, seat);
      if (map.around(slice) != nullptr) continue;
      if (const auto block = lowest_untouched(map, slice, space.block_length)) return block;
    }
  }
  return std::nullopt;
}

/// A block out of the record of the oldest epoch among those `wanted`.
template <class Wanted>
std::optional<Prefix> used_before(const BlockMap& map, const std::vector<Space>& spaces, Wanted wanted) {
  std::optional<Prefix> best;
  Epoch oldest;
  const auto& records = map.all();
  for (const Space& space : spaces) {
    for (auto at = records.lower_bound(space.pool); at != records.end() && space.pool.contains(at->first);
         ++at) {
      if ((best && at->second.epoch >= oldest) || !wanted(at->second)) continue;
      if (const auto block = lowest_untouched(map, at->first, space.block_length)) {
        best = block;
        oldest = at->second.epoch;
      }
    }
  }
  return best;
}

bool taken(const BlockRecord& record) { return record.state != BlockState::free; }

/// Halves `part` until a record decides alone; `outer_taken` is the state of what is around it.
std::uint64_t free_in(const BlockMap& map, const Prefix& part, int block_length, bool outer_taken) {
  const auto& records = map.all();
  const auto* record = map.find(part);
  const bool here = record != nullptr ? taken(*record) : outer_taken;
  auto inside = records.upper_bound(part);
  if (inside == records.end() || !part.contains(inside->first)) return here ? 0 : part.count_of(block_length);
  if (part.length() < block_length) {
    const std::uint64_t low = free_in(map, part.nth(part.length() + 1, 0), block_length, here);
    const std::uint64_t high = free_in(map, part.nth(part.length() + 1, 1), block_length, here);
    return std::min(low + high, part.count_of(block_length));
  }
  // A block in pieces is free when every piece is.
  bool any = here;
  for (; inside != records.end() && part.contains(inside->first); ++inside)
    any = any || taken(inside->second);
  return any ? 0 : 1;
}

}  // namespace

Prefix slice_of(const Space& space, std::uint32_t seat) { return space.pool.nth(slice_length(space), seat); }

std::uint32_t seat_count(const Space& space) {
  return std::uint32_t{1} << (slice_length(space) - space.pool.length());
}

std::uint32_t seat_of(const Space& space, const Prefix& block) {
  return static_cast<std::uint32_t>(
      Prefix::around(block.address(), slice_length(space)).index_in(space.pool));
}

std::optional<Prefix> choose_block(const BlockMap& blocks, const std::vector<Space>& spaces,
                                   const std::vector<std::uint32_t>& held_seats, const Choice& choice) {
  auto seats = held_seats;
  std::sort(seats.begin(), seats.end());
  if (choice.never_used) {
    if (const auto block = never_used(blocks, spaces, seats)) return block;
  }
  for (const BlockState state : {BlockState::free, BlockState::quarantine}) {
    const auto block = used_before(blocks, spaces, [&](const BlockRecord& record) {
      return record.state == state && std::binary_search(seats.begin(), seats.end(), record.seat) &&
             choice.may_reuse(record);
    });
    if (block) return block;
  }
  return std::nullopt;
}

std::uint64_t free_blocks(const BlockMap& blocks, const Space& space) {
  const auto* outer = blocks.around(space.pool);
  return free_in(blocks, space.pool, space.block_length, outer != nullptr && taken(*outer));
}

}  // namespace overlay::ipam
