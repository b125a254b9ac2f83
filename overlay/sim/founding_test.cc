// SPDX-License-Identifier: Apache-2.0
// Goal: hosts with one command line found one cluster together, whatever fails on the way; hosts that were
// told different things found none.
#include <gtest/gtest.h>

#include "overlay/sim/test_world.h"

namespace overlay::sim {
namespace {

using namespace std::chrono_literals;

class FoundingTogether : public testing::Test {
 protected:
  ~FoundingTogether() override { EXPECT_EQ(world ? world->verdict().text() : "", ""); }

  testing::AssertionResult becomes(Duration within, const std::function<bool()>& condition) {
    return sim::becomes(*world, within, condition);
  }
  testing::AssertionResult comes_right(Duration within) {
    return becomes(within, [&] { return world->unsettled().empty(); });
  }
  std::string waits_for(HostIndex i) const {
    const auto waits = world->host(i).view().waiting_for;
    return waits.empty() ? "" : waits.front();
  }
  std::size_t clusters() const {
    std::set<ClusterId> out;
    for (HostIndex i = 0; i < world->size(); ++i) {
      if (!world->host(i).running()) continue;
      if (const auto view = world->host(i).view(); view.cluster) out.insert(*view.cluster);
    }
    return out.size();
  }

  std::optional<World> world;
};

TEST_F(FoundingTogether, MakesOneClusterOfAllFoundersAndTheRestJoin) {
  world.emplace(Options{.seed = 41, .hosts = 5, .expect = 3});
  world->start_all();
  ASSERT_TRUE(comes_right(20s));
  EXPECT_EQ(world->host(4).view().voters, (std::vector<std::string>{"n1", "n2", "n3"}));
}

TEST_F(FoundingTogether, TakesAnOddNumberOfVoters) {
  world.emplace(Options{.seed = 42, .hosts = 3, .expect = 2});
  world->start_all();
  ASSERT_TRUE(comes_right(20s));
  EXPECT_EQ(world->host(2).view().voters, (std::vector<std::string>{"n1"}));
}

TEST_F(FoundingTogether, WaitsForEachOfThemAndSaysForWhom) {
  world.emplace(Options{.seed = 43, .hosts = 3, .expect = 3});
  world->host(0).start();
  world->host(1).start();
  world->run(1min);
  EXPECT_EQ(clusters(), 0U);
  EXPECT_NE(waits_for(0).find("n3:6783"), std::string::npos) << waits_for(0);
  EXPECT_NE(waits_for(0).find("to found a cluster of 3 together"), std::string::npos);
  world->host(2).start();
  EXPECT_TRUE(comes_right(20s));
}

TEST_F(FoundingTogether, FoundsNothingWhileOneWasToldOtherwise) {
  world.emplace(Options{.seed = 44, .hosts = 3, .expect = 3, .misled = 1});
  world->start_all();
  world->run(1min);
  EXPECT_EQ(clusters(), 0U);
  EXPECT_NE(waits_for(0).find("n2 to agree: it was started with another --join list"), std::string::npos)
      << waits_for(0);
  world->correct();
  EXPECT_TRUE(comes_right(20s));
}

TEST_F(FoundingTogether, ComesToOneClusterWhereverItIsInterrupted) {
  for (std::uint64_t effect = 1; effect < 30; ++effect) {
    world.emplace(Options{.seed = 100 + effect, .hosts = 4, .expect = 3});
    world->start_all();
    world->run(1500ms);
    for (HostIndex i = 0; i < 3; ++i) world->host(i).start(), world->host(i).kill_after(effect + i);
    world->run(3s);
    for (HostIndex i = 0; i < 4; ++i) {
      world->host(i).power_off();
      world->host(i).kill_never();
      world->host(i).start();
    }
    ASSERT_TRUE(comes_right(60s)) << effect;
    ASSERT_EQ(clusters(), 1U);
    ASSERT_EQ(world->verdict().text(), "") << effect;
  }
}

TEST_F(FoundingTogether, LetsAClusterThatIsThereWin) {
  world.emplace(Options{.seed = 45, .hosts = 4, .expect = 3});
  for (HostIndex i = 0; i < 3; ++i) world->host(i).start();
  ASSERT_TRUE(becomes(20s, [&] { return clusters() == 1; }));
  world->host(3).start();
  EXPECT_TRUE(comes_right(20s));
  EXPECT_EQ(clusters(), 1U);
}

}  // namespace
}  // namespace overlay::sim
