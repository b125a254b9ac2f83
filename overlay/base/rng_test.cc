// SPDX-License-Identifier: Apache-2.0
#include "overlay/base/rng.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace overlay {
namespace {

TEST(Rng, GivesTheSameSequenceOnEveryMachine) {
  Rng rng(0);
  EXPECT_EQ(rng.next(), 0xe220a8397b1dcdafU);
  EXPECT_EQ(rng.next(), 0x6e789e6aa1b965f4U);
}

RC_GTEST_PROP(Rng, BelowStaysBelow, (std::uint64_t seed, std::uint64_t bound)) {
  RC_PRE(bound > 0);
  RC_ASSERT(Rng(seed).below(bound) < bound);
}

RC_GTEST_PROP(Rng, ShuffleKeepsTheItems, (std::uint64_t seed, std::vector<int> items)) {
  auto shuffled = items;
  Rng(seed).shuffle(shuffled);
  std::sort(shuffled.begin(), shuffled.end());
  std::sort(items.begin(), items.end());
  RC_ASSERT(shuffled == items);
}

}  // namespace
}  // namespace overlay
