// SPDX-License-Identifier: Apache-2.0
// Goal: a cluster with several voters grants while a majority of them is there, and only then; what was
// granted comes back to the pool when nobody needs it.
#include <gtest/gtest.h>

#include <algorithm>

#include "overlay/sim/test_world.h"

namespace overlay::sim {
namespace {

using namespace std::chrono_literals;

bool ready(const World& world, HostIndex host) {
  return world.host(host).running() && world.host(host).view().ready();
}

std::size_t block_count(const World& world, HostIndex host) {
  const auto view = world.host(host).view();
  return static_cast<std::size_t>(
      std::count_if(view.blocks.begin(), view.blocks.end(),
                    [&](const auto& block) { return block.record.owner == view.id; }));
}

std::uint64_t free_blocks(const World& world, HostIndex host) {
  return world.host(host).view().pools.front().free_blocks;
}

/// Three voters (n1 to n3) that have found each other, and two more machines that are off.
class ThreeVoters : public testing::Test {
 protected:
  ThreeVoters() : world({.seed = 11, .hosts = 5, .voters = 3}) {
    for (HostIndex i = 0; i < 3; ++i) world.host(i).start();
    EXPECT_TRUE(becomes(world, 20s, [&] { return ready(world, 0) && ready(world, 1) && ready(world, 2); }));
  }
  ~ThreeVoters() override { EXPECT_EQ(world.verdict().text(), ""); }

  World world;
};

TEST_F(ThreeVoters, GrantsBlocksToEverybody) {
  world.host(3).start();
  world.host(4).start();
  EXPECT_TRUE(comes_right(world, 20s));
  EXPECT_EQ(world.host(4).view().voters, (std::vector<std::string>{"n1", "n2", "n3"}));
}

TEST_F(ThreeVoters, GoOnGrantingWhenOneIsDead) {
  world.host(2).kill();
  world.host(3).start();
  EXPECT_TRUE(becomes(world, 20s, [&] { return ready(world, 3); }));
}

TEST_F(ThreeVoters, GrantNothingWithoutAMajorityAndSayWhoIsMissing) {
  world.host(3).join({"n1", mesh_port});
  world.host(3).start();
  ASSERT_TRUE(becomes(world, 20s, [&] { return ready(world, 3); }));
  world.host(1).kill();
  world.host(2).kill();
  world.host(4).join({"n1", mesh_port});
  world.host(4).start();
  EXPECT_TRUE(becomes(world, 60s, [&] {
    const auto view = world.host(4).view();
    if (view.ready()) return false;
    const std::string& reason = view.waiting_for.front();
    return reason.find("a majority of the voters") != std::string::npos &&
           reason.find("n2") != std::string::npos && reason.find("n3") != std::string::npos;
  }));
  world.run(2min);
  EXPECT_FALSE(ready(world, 4));
  world.host(1).start();
  EXPECT_TRUE(becomes(world, 20s, [&] { return ready(world, 4); }));
}

TEST_F(ThreeVoters, FinishAGrantThatACrashInterrupted) {
  for (std::uint64_t effect = 1; effect < 40; ++effect) {
    for (HostIndex i = 0; i < 3; ++i) world.host(i).kill_after(effect);
    for (int i = 0; i < 8; ++i) {
      world.host(3).runtime().add("c" + std::to_string(effect) + "." + std::to_string(i), world.time());
    }
    world.host(3).start();
    world.host(3).poke_runtime();
    world.run(2s);
    for (HostIndex i = 0; i < 3; ++i) {
      world.host(i).kill_never();
      world.host(i).start();
    }
    world.host(4).start();
    ASSERT_TRUE(comes_right(world, 60s)) << effect;
    world.host(3).runtime().remove_all(world.time());
    world.host(3).poke_runtime();
    ASSERT_TRUE(comes_right(world, 60s)) << effect;
  }
}

TEST(Asking, GetsOneBlockFromAVoterThatAnswersLate) {
  World world({.seed = 5, .hosts = 2});
  world.network().slow(0, 1, 1s);
  world.start_all();
  ASSERT_TRUE(comes_right(world, 60s));
  world.run(10s);
  EXPECT_EQ(block_count(world, 1), 1U);
}

TEST_F(ThreeVoters, GrantOneBlockWhenAllOfThemAnswerLate) {
  for (HostIndex voter = 0; voter < 3; ++voter) world.network().slow(voter, 3, 1s);
  world.host(3).start();
  ASSERT_TRUE(becomes(world, 60s, [&] { return ready(world, 3); }));
  world.run(10s);
  EXPECT_LE(block_count(world, 3), 3U) << "each of them was asked, and none twice";
}

TEST(Returning, GivesABlockBackThatStaysEmpty) {
  World world({.seed = 3, .hosts = 4, .voters = 3, .block_length_v4 = 28, .most_containers = 40});
  world.start_all();
  ASSERT_TRUE(comes_right(world, 20s));
  const std::uint64_t before = free_blocks(world, 0);
  for (int i = 0; i < 40; ++i) world.host(3).runtime().add("c" + std::to_string(i), world.time());
  world.host(3).poke_runtime();
  ASSERT_TRUE(comes_right(world, 30s));
  EXPECT_EQ(block_count(world, 3), 4U) << "40 addresses are 89 % of three blocks of 15";
  const auto home = world.host(3).intent()->host_addresses;

  world.host(3).runtime().remove_all(world.time());
  world.host(3).poke_runtime();
  EXPECT_TRUE(becomes(world, 45min, [&] { return block_count(world, 3) == 1; }));
  EXPECT_TRUE(comes_right(world, 10s));
  EXPECT_EQ(free_blocks(world, 0), before);
  EXPECT_EQ(world.host(3).intent()->host_addresses, home);
  EXPECT_EQ(world.verdict().text(), "");
}

TEST(Returning, GoesOnAfterARestartInTheMiddle) {
  World world({.seed = 5, .hosts = 4, .voters = 3, .block_length_v4 = 28, .most_containers = 20});
  world.start_all();
  ASSERT_TRUE(comes_right(world, 20s));
  for (int i = 0; i < 20; ++i) world.host(3).runtime().add("c" + std::to_string(i), world.time());
  world.host(3).poke_runtime();
  ASSERT_TRUE(comes_right(world, 30s));
  world.host(3).runtime().remove_all(world.time());
  world.host(3).poke_runtime();
  for (HostIndex i = 0; i < 3; ++i) world.host(i).kill();
  world.run(15min);
  EXPECT_EQ(block_count(world, 3), 2U) << "nobody can take the other one back";
  world.host(3).kill();
  world.start_all();
  EXPECT_TRUE(becomes(world, 1min, [&] { return ready(world, 3) && block_count(world, 3) == 1; }));
  EXPECT_TRUE(comes_right(world, 30s));
  EXPECT_EQ(world.verdict().text(), "");
}

}  // namespace
}  // namespace overlay::sim
