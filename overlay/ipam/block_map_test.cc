// SPDX-License-Identifier: Apache-2.0
// Goal: ownership is the same for everyone who has heard the same records, in whatever order.
// Method: a table of cases, and random honest histories of a /24 against a model that keeps one epoch per
// address.
#include "overlay/ipam/block_map.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "overlay/base/rng.h"
#include "overlay/ipam/test_prefix.h"

namespace overlay::ipam {
namespace {

Ip ip(std::string_view text) { return Ip::parse(text).value(); }
NodeId node(std::uint8_t n) { return NodeId{{n}}; }

BlockRecord owned(std::string_view text, std::uint64_t seq, std::uint8_t owner) {
  return {prefix(text), {0, seq}, 0, BlockState::owned, node(owner), RequestId{{owner}}};
}

TEST(BlockMap, KeepsTheHigherEpochOfOnePrefix) {
  BlockMap map;
  EXPECT_EQ(map.merge(owned("10.0.0.0/24", 1, 1)), Merge::applied);
  EXPECT_EQ(map.merge(owned("10.0.0.0/24", 1, 1)), Merge::known);
  std::vector<BlockRecord> displaced;
  EXPECT_EQ(map.merge(owned("10.0.0.0/24", 3, 2), &displaced), Merge::applied);
  EXPECT_EQ(displaced, std::vector{owned("10.0.0.0/24", 1, 1)});
  EXPECT_EQ(map.merge(owned("10.0.0.0/24", 2, 3)), Merge::stale);
  EXPECT_EQ(map.at(ip("10.0.0.9"))->owner, node(2));
}

TEST(BlockMap, OrdersTheTermBeforeTheSequence) {
  BlockMap map;
  auto later = owned("10.0.0.0/24", 1, 2);
  later.epoch.term = 1;
  map.merge(owned("10.0.0.0/24", 900, 1));
  EXPECT_EQ(map.merge(later), Merge::applied);
  EXPECT_EQ(map.merge(owned("10.0.0.0/24", 901, 1)), Merge::stale);
}

TEST(BlockMap, NeverBreaksTheTieOfAFork) {
  BlockMap map;
  map.merge(owned("10.0.0.0/24", 1, 1));
  for (const auto* overlapping : {"10.0.0.0/24", "10.0.0.128/25", "10.0.0.0/16"}) {
    std::vector<BlockRecord> rivals;
    EXPECT_EQ(map.merge(owned(overlapping, 1, 2), &rivals), Merge::fork) << overlapping;
    EXPECT_EQ(rivals, std::vector{owned("10.0.0.0/24", 1, 1)});
  }
  EXPECT_EQ(map.merge(owned("10.0.1.0/24", 1, 2)), Merge::applied) << "apart, one epoch is no fork";
  EXPECT_EQ(map.at(ip("10.0.0.200"))->owner, node(1));
}

TEST(BlockMap, DropsARecordWhenItsPartsCoverAllOfIt) {
  BlockMap map;
  map.merge(owned("10.0.0.0/24", 1, 1));
  map.merge(owned("10.0.0.0/25", 2, 2));
  EXPECT_EQ(map.at(ip("10.0.0.1"))->owner, node(2));
  EXPECT_EQ(map.at(ip("10.0.0.129"))->owner, node(1));
  std::vector<BlockRecord> displaced;
  EXPECT_EQ(map.merge(owned("10.0.0.128/25", 2, 3), &displaced), Merge::applied);
  EXPECT_EQ(displaced, std::vector{owned("10.0.0.0/24", 1, 1)});
  EXPECT_EQ(map.merge(owned("10.0.0.0/24", 1, 1)), Merge::stale);
  EXPECT_EQ(map.all().size(), 2U);
}

TEST(BlockMap, FindsByOwnerAndByRequest) {
  BlockMap map;
  map.merge(owned("10.0.1.0/24", 1, 1));
  map.merge(owned("10.0.0.0/24", 2, 1));
  map.merge(owned("fd00::/64", 3, 2));
  EXPECT_EQ(map.owned_by(node(1)), (std::vector{owned("10.0.0.0/24", 2, 1), owned("10.0.1.0/24", 1, 1)}));
  EXPECT_EQ(map.by_request(RequestId{{2}}), std::vector{owned("fd00::/64", 3, 2)});
  EXPECT_TRUE(map.owned_by(node(3)).empty());
  map.merge({prefix("fd00::/64"), {0, 4}, 0, BlockState::free, {}, {}});
  EXPECT_TRUE(map.owned_by(node(2)).empty());
  EXPECT_TRUE(map.by_request(RequestId{{2}}).empty());
}

TEST(BlockMap, KeepsTheFamiliesApart) {
  BlockMap map;
  map.merge(owned("0.0.0.0/0", 1, 1));
  map.merge(owned("::/0", 1, 2));
  EXPECT_EQ(map.at(ip("10.0.0.1"))->owner, node(1));
  EXPECT_EQ(map.at(ip("fd00::1"))->owner, node(2));
  EXPECT_EQ(map.find(prefix("::/1")), nullptr);
}

TEST(BlockMap, NextEpochIsAboveAllEverOfferedOfTheSeat) {
  BlockMap map;
  EXPECT_EQ(map.next_epoch(0, 0), (Epoch{0, 1}));
  map.merge(owned("10.0.0.0/24", 7, 1));
  map.merge(owned("10.0.0.0/24", 5, 1));
  EXPECT_EQ(map.next_epoch(2, 0), (Epoch{2, 8}));
  EXPECT_EQ(map.next_epoch(2, 1), (Epoch{2, 1}));
}

TEST(BlockMap, MergesTenThousandBlocksHandedOutOfOneRecord) {
  BlockMap map;
  const Prefix pool = prefix("10.0.0.0/10");
  map.merge({pool, {0, 1}, 0, BlockState::free, {}, {}});
  for (std::uint64_t i = 0; i < pool.count_of(24); ++i) {
    EXPECT_EQ(map.merge({pool.nth(24, i), {0, i + 2}, 0, BlockState::owned, node(1), {}}), Merge::applied);
  }
  EXPECT_EQ(map.find(pool), nullptr);
  EXPECT_EQ(map.all().size(), 16384U);
}

// ---- against the model ----

std::vector<BlockRecord> shuffled(std::vector<BlockRecord> records) {
  Rng(*rc::gen::arbitrary<std::uint64_t>()).shuffle(records);
  return records;
}

/// What one writer could have signed for a /24: every record has an epoch of its own.
std::vector<BlockRecord> history() {
  const auto count = *rc::gen::inRange<std::size_t>(1, 24);
  std::vector<BlockRecord> records;
  for (std::size_t i = 0; i < count; ++i) {
    const int length = *rc::gen::inRange(24, 33);
    const Prefix at = Prefix::around(Ip::v4(0x0a000000U + *rc::gen::inRange(0U, 256U)), length);
    records.push_back({at, {0, i + 1}, 0, BlockState::owned, node(static_cast<std::uint8_t>(i + 1)), {}});
  }
  return shuffled(records);
}

BlockMap merged(const std::vector<BlockRecord>& records) {
  BlockMap map;
  for (const auto& record : records) map.merge(record);
  return map;
}

std::optional<BlockRecord> naive_at(const std::vector<BlockRecord>& records, const Ip& address) {
  std::optional<BlockRecord> best;
  for (const auto& record : records) {
    if (record.prefix.contains(address) && (!best || record.epoch > best->epoch)) best = record;
  }
  return best;
}

RC_GTEST_PROP(BlockMap, AgreesWithOneEpochPerAddress, ()) {
  const auto records = history();
  const BlockMap map = merged(records);
  std::set<Prefix> in_force;
  for (std::uint32_t i = 0; i < 256; ++i) {
    const Ip address = Ip::v4(0x0a000000U + i);
    const auto expected = naive_at(records, address);
    RC_ASSERT(map.at(address) == expected);
    if (expected) in_force.insert(expected->prefix);
  }
  RC_ASSERT(map.all().size() ==
            in_force.size());  // a record stays exactly as long as it is in force somewhere
}

RC_GTEST_PROP(BlockMap, OrderAndRepetitionDoNotMatter, ()) {
  const auto records = history();
  const auto other_order = shuffled(records);
  RC_ASSERT(merged(records).all() == merged(other_order).all());
  auto twice = other_order;
  twice.insert(twice.end(), records.begin(), records.end());
  RC_ASSERT(merged(twice).all() == merged(records).all());
}

RC_GTEST_PROP(BlockMap, MergingMergedHalvesEqualsMergingAll, ()) {
  const auto records = history();
  const auto cut = static_cast<std::ptrdiff_t>(*rc::gen::inRange<std::size_t>(0, records.size() + 1));
  BlockMap left = merged({records.begin(), records.begin() + cut});
  const BlockMap right = merged({records.begin() + cut, records.end()});
  for (const auto& [at, record] : right.all()) left.merge(record);
  RC_ASSERT(left.all() == merged(records).all());
}

RC_GTEST_PROP(BlockMap, DisplacedIsWhatItHadAndHasNoMore, ()) {
  BlockMap map;
  for (const auto& record : history()) {
    const auto before = map.all();
    std::vector<BlockRecord> displaced;
    if (map.merge(record, &displaced) != Merge::applied) continue;
    RC_ASSERT(std::is_sorted(displaced.begin(), displaced.end(),
                             [](const auto& a, const auto& b) { return a.prefix < b.prefix; }));
    for (const auto& gone : displaced) RC_ASSERT(before.at(gone.prefix) == gone);
    RC_ASSERT(map.all().size() == before.size() - displaced.size() + 1);
  }
}

}  // namespace
}  // namespace overlay::ipam
