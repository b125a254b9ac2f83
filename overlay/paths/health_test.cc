// SPDX-License-Identifier: Apache-2.0
#include "overlay/paths/health.h"

#include <gtest/gtest.h>
#include <deque>

namespace overlay::paths {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t small = 56;
constexpr std::size_t full = 1450;

/// One path, probed every half second, that carries packets up to a size.
struct Trial {
  Health health{small, full};
  std::size_t carries = full;
  Duration latency = milliseconds(3);
  Time now{};
  std::uint64_t nonce = 0;
  std::deque<std::pair<std::uint64_t, Time>> coming = {};

  void probe() {
    const std::size_t size = health.next_size();
    health.sent(++nonce, size, now);
    if (size <= carries) coming.push_back({nonce, now + latency});
    now += milliseconds(500);
    for (; !coming.empty() && coming.front().second <= now; coming.pop_front()) {
      EXPECT_TRUE(health.answered(coming.front().first, coming.front().second));
    }
    health.expire(now);
  }
  void probes(int count) {
    for (int i = 0; i < count; ++i) probe();
  }
};

TEST(Health, IsUnknownUntilTheFirstAnswer) {
  Trial path;
  EXPECT_EQ(path.health.state(), State::unknown);
  EXPECT_FALSE(path.health.rtt());
  path.probe();
  EXPECT_EQ(path.health.state(), State::up);
  EXPECT_EQ(path.health.rtt(), milliseconds(3));
}

TEST(Health, GoesDownAfterThreeLostInARowAndUpAfterThreeAnswers) {
  Trial path;
  path.probes(20);
  path.carries = 0;
  path.probes(2);
  EXPECT_EQ(path.health.state(), State::up);
  path.probe();
  EXPECT_EQ(path.health.state(), State::down);
  path.carries = full;
  path.probes(2);
  EXPECT_EQ(path.health.state(), State::down) << "it may be flapping";
  path.probe();
  EXPECT_EQ(path.health.state(), State::up);
}

TEST(Health, GoesDownWhereNothingEverAnswered) {
  Trial path;
  path.carries = 0;
  path.probes(4);
  EXPECT_EQ(path.health.state(), State::unknown) << "it may be slow";
  path.probes(3);
  EXPECT_EQ(path.health.state(), State::down);
}

TEST(Health, StaysUpWhenWhatWasLostBeforeTheFirstAnswerExpiresAfterIt) {
  Health path(small, full);
  Time now{};
  const auto probes = [&](std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t nonce = from; nonce <= to; ++nonce, now += milliseconds(200)) {
      path.sent(nonce, small, now);
    }
  };
  probes(1, 9);
  ASSERT_TRUE(path.answered(9, now));
  EXPECT_EQ(path.state(), State::up);
  now += Health::timeout_min;
  EXPECT_EQ(path.expire(now), 8u) << "the path is quick, as is known now";
  EXPECT_EQ(path.state(), State::up);
  EXPECT_EQ(path.misses(), 0);
  EXPECT_DOUBLE_EQ(path.loss(), 8.0 / 9);
  probes(10, 12);
  path.expire(now + Health::timeout_min);
  EXPECT_EQ(path.state(), State::down) << "these came after it";
}

TEST(Health, WaitsLongerWhereThePathIsSlow) {
  Trial path;
  path.latency = milliseconds(600);
  path.probes(1);
  path.now += milliseconds(700);
  path.probes(20);
  EXPECT_EQ(path.health.state(), State::up);
  EXPECT_EQ(path.health.loss(), 0);
}

TEST(Health, CountsLossOfTheLastProbes) {
  Trial path;
  path.probes(60);
  EXPECT_EQ(path.health.loss(), 0);
  path.carries = 0;
  path.probes(2);
  EXPECT_DOUBLE_EQ(path.health.loss(), 2.0 / 32);
  path.carries = full;
  path.probes(60);
  EXPECT_EQ(path.health.loss(), 0);
}

TEST(Health, KnowsThatTheDevicesSizePasses) {
  Trial path;
  path.probes(4);
  EXPECT_EQ(path.health.passes(), full);
  EXPECT_FALSE(path.health.is_black_hole());
}

TEST(Health, FindsTheVeryLargestSizeThatPasses) {
  for (const std::size_t carries : {small, small + 1, std::size_t{1280}, std::size_t{1350}, full - 1}) {
    Trial path;
    path.carries = carries;
    path.probes(120);
    EXPECT_EQ(path.health.state(), State::up);
    EXPECT_TRUE(path.health.is_black_hole());
    EXPECT_EQ(path.health.passes(), carries);
  }
}

TEST(Health, TriesWhatIpv6AsksForBeforeAllElse) {
  Trial path;
  path.carries = 1400;
  while (!path.health.is_black_hole()) path.probe();
  path.probes(2);
  EXPECT_EQ(path.health.passes(), Health::likely_size);
  EXPECT_FALSE(path.health.is_measured());
}

TEST(Health, FollowsASizeThatShrinksAndGrows) {
  Trial path;
  path.probes(10);
  for (const std::size_t carries : {std::size_t{1400}, std::size_t{1300}, full}) {
    path.carries = carries;
    path.probes(400);
    EXPECT_EQ(path.health.passes(), carries);
    EXPECT_EQ(path.health.is_black_hole(), carries < full);
    EXPECT_EQ(path.health.state(), State::up) << "small packets pass all the while";
  }
}

TEST(Health, TakesNoLossOfEverythingForABlackHole) {
  Trial path;
  path.probes(10);
  path.carries = 0;
  path.probes(100);
  EXPECT_FALSE(path.health.is_black_hole());
}

TEST(Health, LooksAgainWhenTheDevicesSizeChanges) {
  Trial path;
  path.probes(10);
  path.carries = 8950;
  path.health.set_full(8950);
  EXPECT_NE(path.health.passes(), 8950u);
  path.probes(4);
  EXPECT_EQ(path.health.passes(), 8950u);
}

TEST(Health, BelievesNoAnswerThatWasNotAskedFor) {
  Trial path;
  EXPECT_FALSE(path.health.answered(4711, path.now));
  path.probe();
  EXPECT_FALSE(path.health.answered(path.nonce, path.now)) << "a second time";
}

}  // namespace
}  // namespace overlay::paths
