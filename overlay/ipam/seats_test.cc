// SPDX-License-Identifier: Apache-2.0
// Goal: what is granted is never owned, comes in the promised order, and the whole pool can be granted
// exactly once.
#include "overlay/ipam/seats.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "overlay/ipam/test_prefix.h"

namespace overlay::ipam {
namespace {

Space space(std::string_view pool, int length, std::uint32_t seats) { return {prefix(pool), length, seats}; }

std::vector<std::uint32_t> all_seats(const Space& of) {
  std::vector<std::uint32_t> seats;
  for (std::uint32_t i = 0; i < seat_count(of); ++i) seats.push_back(i);
  return seats;
}

void put(BlockMap& map, const Prefix& at, std::uint64_t seq, BlockState state = BlockState::owned) {
  const NodeId owner = state == BlockState::owned ? NodeId{{1}} : NodeId{};
  map.merge({at, {0, seq}, 0, state, owner, {}});
}

TEST(Seats, CutThePoolByItsTopBits) {
  const Space pool = space("10.32.0.0/12", 24, 8);
  EXPECT_EQ(seat_count(pool), 8U);
  EXPECT_EQ(slice_of(pool, 0).text(), "10.32.0.0/15");
  EXPECT_EQ(slice_of(pool, 7).text(), "10.46.0.0/15");
  EXPECT_EQ(seat_of(pool, prefix("10.34.1.0/24")), 1U);
  EXPECT_EQ(seat_of(pool, prefix("10.47.255.0/24")), 7U);
}

TEST(Seats, AreNoMoreThanBlocksAndAPowerOfTwo) {
  EXPECT_EQ(seat_count(space("10.0.0.0/23", 24, 8)), 2U);
  EXPECT_EQ(seat_count(space("10.0.0.0/24", 24, 8)), 1U);
  EXPECT_EQ(seat_count(space("10.0.0.0/16", 24, 7)), 4U);
  EXPECT_EQ(seat_count(space("fd00::/8", 64, 8)), 8U);
}

TEST(ChooseBlock, TakesTheLowestNeverUsedOfTheSeatsHeld) {
  const Space pool = space("10.0.0.0/16", 24, 4);
  BlockMap map;
  EXPECT_EQ(choose_block(map, {pool}, {2, 1})->text(), "10.0.64.0/24");
  put(map, prefix("10.0.64.0/24"), 1);
  put(map, prefix("10.0.66.0/24"), 2);
  EXPECT_EQ(choose_block(map, {pool}, {1, 2})->text(), "10.0.65.0/24");
  put(map, prefix("10.0.64.0/18"), 3);
  EXPECT_EQ(choose_block(map, {pool}, {1, 2})->text(), "10.0.128.0/24");
  EXPECT_EQ(choose_block(map, {pool}, {}), std::nullopt);
  EXPECT_EQ(choose_block(map, {pool}, {9}), std::nullopt);
}

TEST(ChooseBlock, TakesReturnedOnesByAgeAndQuarantinedOnesWhenTheirTimeIsOver) {
  const Space pool = space("10.0.0.0/22", 24, 1);
  BlockMap map;
  put(map, prefix("10.0.0.0/24"), 4, BlockState::free);
  put(map, prefix("10.0.1.0/24"), 3, BlockState::free);
  put(map, prefix("10.0.2.0/24"), 1, BlockState::quarantine);
  EXPECT_EQ(choose_block(map, {pool}, {0})->text(), "10.0.3.0/24") << "never used goes first";
  put(map, prefix("10.0.3.0/24"), 5);
  EXPECT_EQ(choose_block(map, {pool}, {0})->text(), "10.0.1.0/24") << "the oldest returned";
  put(map, prefix("10.0.1.0/24"), 6);
  put(map, prefix("10.0.0.0/24"), 7);
  EXPECT_EQ(choose_block(map, {pool}, {0}), std::nullopt);
  EXPECT_EQ(choose_block(map, {pool}, {0}, {.may_reuse = [](const auto&) { return false; }}), std::nullopt);
  EXPECT_EQ(choose_block(map, {pool}, {0}, {.may_reuse = [](const auto&) { return true; }})->text(),
            "10.0.2.0/24");
}

TEST(ChooseBlock, LeavesWhatWasNeverUsedWhereThatMayBeSomebodys) {
  const Space pool = space("10.0.0.0/22", 24, 1);
  BlockMap map;
  EXPECT_EQ(choose_block(map, {pool}, {0}, {.never_used = false}), std::nullopt);
  put(map, prefix("10.0.2.0/24"), 1, BlockState::free);
  EXPECT_EQ(choose_block(map, {pool}, {0}, {.never_used = false})->text(), "10.0.2.0/24");
}

TEST(ChooseBlock, TakesABlockOutOfALargerReturnedRecord) {
  const Space pool = space("10.0.0.0/22", 24, 1);
  BlockMap map;
  put(map, prefix("10.0.0.0/22"), 1, BlockState::free);
  put(map, prefix("10.0.0.0/24"), 2);
  EXPECT_EQ(choose_block(map, {pool}, {0})->text(), "10.0.1.0/24");
}

TEST(ChooseBlock, KeepsTheOrderAcrossPools) {
  const Space first = space("10.0.0.0/24", 24, 1);
  const Space second = space("10.9.0.0/23", 24, 1);
  BlockMap map;
  put(map, prefix("10.0.0.0/24"), 3, BlockState::free);
  put(map, prefix("10.9.0.0/24"), 2, BlockState::free);
  EXPECT_EQ(choose_block(map, {first, second}, {0})->text(), "10.9.1.0/24") << "never used goes first";
  put(map, prefix("10.9.1.0/24"), 4);
  EXPECT_EQ(choose_block(map, {first, second}, {0})->text(), "10.9.0.0/24") << "the oldest returned";
  put(map, prefix("10.9.0.0/24"), 5);
  EXPECT_EQ(choose_block(map, {first, second}, {0})->text(), "10.0.0.0/24");
}

TEST(ChooseBlock, WalksRecordsNotCandidates) {
  const Space pool = space("fd00::/24", 64, 8);
  BlockMap map;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const auto block = choose_block(map, {pool}, {7});
    ASSERT_TRUE(block);
    EXPECT_EQ(*block, slice_of(pool, 7).nth(64, i));
    put(map, *block, i + 1);
  }
  EXPECT_EQ(free_blocks(map, pool), (std::uint64_t{1} << 40) - 1000);
}

TEST(FreeBlocks, CountsWhatCouldBeGranted) {
  const Space pool = space("10.0.0.0/20", 24, 4);
  BlockMap map;
  EXPECT_EQ(free_blocks(map, pool), 16U);
  put(map, prefix("10.0.0.0/24"), 1);
  put(map, prefix("10.0.1.0/24"), 2, BlockState::free);
  put(map, prefix("10.0.2.0/24"), 3, BlockState::quarantine);
  EXPECT_EQ(free_blocks(map, pool), 14U);
  put(map, prefix("10.0.4.0/22"), 4);
  put(map, prefix("10.0.5.0/24"), 5, BlockState::free);
  EXPECT_EQ(free_blocks(map, pool), 11U);
  put(map, prefix("10.0.8.0/25"), 6);
  put(map, prefix("10.0.8.128/25"), 7);
  EXPECT_EQ(free_blocks(map, pool), 10U) << "two halves of one block count once";
  put(map, prefix("10.0.0.0/16"), 8);
  EXPECT_EQ(free_blocks(map, pool), 0U);
  EXPECT_EQ(free_blocks(BlockMap(), space("::/0", 64, 8)), (std::uint64_t{1} << 53) - 1);
}

RC_GTEST_PROP(ChooseBlock, GrantsTheWholePoolExactlyOnce, ()) {
  const Space pool{prefix("10.0.0.0/22"), *rc::gen::inRange(22, 30), *rc::gen::inRange(1U, 20U)};
  BlockMap map;
  // Some blocks were owned or returned before.
  for (const auto seed :
       *rc::gen::container<std::vector<std::uint64_t>>(4, rc::gen::arbitrary<std::uint64_t>())) {
    const Prefix at = pool.pool.nth(pool.block_length, seed % pool.pool.count_of(pool.block_length));
    if (map.find(at) == nullptr)
      put(map, at, map.next_epoch(0, 0).seq, seed % 3 == 0 ? BlockState::owned : BlockState::free);
  }
  std::uint64_t left = free_blocks(map, pool);
  while (const auto block = choose_block(map, {pool}, all_seats(pool))) {
    RC_ASSERT(pool.pool.contains(*block));
    RC_ASSERT(block->length() == pool.block_length);
    const auto* held = map.around(*block);
    RC_ASSERT((held == nullptr || held->state == BlockState::free));
    put(map, *block, map.next_epoch(0, 0).seq);
    RC_ASSERT(free_blocks(map, pool) == --left);
  }
  RC_ASSERT(left == 0U);
}

RC_GTEST_PROP(ChooseBlock, StaysInsideTheSeatsHeld, ()) {
  const Space pool = space("10.0.0.0/20", 24, 4);
  const auto mask = *rc::gen::inRange(0U, 16U);
  std::vector<std::uint32_t> held;
  for (std::uint32_t seat = 0; seat < 4; ++seat) {
    if ((mask >> seat & 1) != 0) held.push_back(seat);
  }
  BlockMap map;
  std::uint64_t granted = 0;
  for (; const auto block = choose_block(map, {pool}, held); ++granted) {
    RC_ASSERT(std::count(held.begin(), held.end(), seat_of(pool, *block)) == 1);
    put(map, *block, granted + 1);
  }
  RC_ASSERT(granted == held.size() * 4);
}

}  // namespace
}  // namespace overlay::ipam
