// SPDX-License-Identifier: Apache-2.0
// Goal: one identity is lived by one machine, from a disk that knows all of it: copies find out that they are
// copies, disks that fell back are told what they own, and a cluster that starts cold waits for nobody but
// itself.
#include <gtest/gtest.h>

#include <algorithm>

#include "overlay/sim/test_world.h"
#include "overlay/wire/log_entry.h"

namespace overlay::sim {
namespace {

using namespace std::chrono_literals;

/// Three voters (n1 to n3) and n4, each with a container, and a machine to be made a copy of another.
class Registration : public testing::Test {
 protected:
  explicit Registration(std::uint64_t seed = 13)
      : world({.seed = seed, .hosts = 4, .voters = 3, .spares = 1}) {
    world.start_all();
    EXPECT_TRUE(comes_right(30s));
    for (HostIndex i = 0; i < world.size(); ++i) add(i, "web");
    EXPECT_TRUE(comes_right(5s));
  }
  ~Registration() override { EXPECT_EQ(world.verdict().text(), ""); }

  testing::AssertionResult becomes(Duration within, const std::function<bool()>& condition) {
    return sim::becomes(world, within, condition);
  }
  testing::AssertionResult comes_right(Duration within) {
    return becomes(within, [&] { return world.unsettled().empty(); });
  }
  void add(HostIndex host, const std::string& container) {
    world.host(host).runtime().add(container, world.time());
    world.host(host).poke_runtime();
  }
  bool has_alarm(HostIndex host, const std::string& name) const {
    const auto alarms = world.host(host).view().alarms;
    return std::any_of(alarms.begin(), alarms.end(), [&](const auto& alarm) { return alarm.name == name; });
  }
  /// Its daemon ends, its disk is `image` again, and it starts.
  void put_back(HostIndex host, const Image& image) {
    world.host(host).kill();
    world.host(host).restore(image);
    world.host(host).start();
  }

  World world;
  const HostIndex copy = 4;
};

TEST_F(Registration, GivesACopyOfADiskAnotherIdentityAndTheOriginalKeepsItsOwn) {
  const NodeId id = world.host(3).id();
  ASSERT_TRUE(world.copy(3, false));
  ASSERT_TRUE(becomes(60s, [&] { return world.host(copy).id() != id; }));
  ASSERT_TRUE(comes_right(60s));
  EXPECT_EQ(world.host(3).id(), id);
  EXPECT_TRUE(has_alarm(copy, "identity"));
  EXPECT_FALSE(has_alarm(3, "identity"));
}

TEST_F(Registration, GivesACopyOfAVoterAnotherIdentity) {
  const NodeId id = world.host(0).id();
  ASSERT_TRUE(world.copy(0, false));
  ASSERT_TRUE(becomes(60s, [&] { return world.host(copy).id() != id; }));
  ASSERT_TRUE(comes_right(60s));
  EXPECT_EQ(world.host(0).id(), id);
}

TEST_F(Registration, LeavesTheIdentityToOneOfTwoWithTheSameMemory) {
  const NodeId id = world.host(3).id();
  ASSERT_TRUE(world.copy(3, true));
  ASSERT_TRUE(becomes(120s, [&] { return world.host(3).id() != world.host(copy).id(); }));
  ASSERT_TRUE(comes_right(60s));
  EXPECT_TRUE(world.host(3).id() == id || world.host(copy).id() == id);
}

TEST_F(Registration, GivesOutNoAddressOfAPodThatTheDiskHasForgotten) {
  const Image image = world.host(3).image();
  for (int i = 0; i < 8; ++i) add(3, "new" + std::to_string(i));
  ASSERT_TRUE(comes_right(5s));
  put_back(3, image);
  ASSERT_TRUE(becomes(20s, [&] { return world.host(3).view().ready(); }));
  EXPECT_TRUE(has_alarm(3, "rolled-back"));
  for (int i = 0; i < 8; ++i) add(3, "newer" + std::to_string(i));
  ASSERT_TRUE(becomes(20s, [&] { return world.host(3).runtime().settled(); }))
      << "and the world saw none twice";
  world.host(3).runtime().remove_all(world.time());
  world.host(3).poke_runtime();
  EXPECT_TRUE(becomes(30s, [&] { return !has_alarm(3, "rolled-back"); })) << "those pods are gone";
}

TEST_F(Registration, TakesTheVoteFromAVoterWhoseDiskFellBack) {
  const Image image = world.host(1).image();
  world.run(1min);
  put_back(1, image);
  ASSERT_TRUE(becomes(30s, [&] { return world.host(1).view().ready(); }));
  EXPECT_TRUE(has_alarm(1, "voter"));
  world.host(1).kill();
  world.host(1).start();
  ASSERT_TRUE(becomes(30s, [&] { return world.host(1).view().ready(); }));
  EXPECT_TRUE(has_alarm(1, "voter")) << "no restart changes that";
  // Of three voters one is dead, and this one does not count: there is no majority.
  world.host(2).kill();
  const std::size_t blocks = world.host(0).view().blocks.size();
  ASSERT_TRUE(world.copy(3, false));
  world.run(1min);
  EXPECT_FALSE(world.host(copy).view().ready());
  EXPECT_EQ(world.host(0).view().blocks.size(), blocks);
  world.host(2).start();
  EXPECT_TRUE(comes_right(60s));
}

/// A world in which the machines concerned can be told apart.
class MarkedMachines : public Registration {
 protected:
  MarkedMachines() : Registration(7) {}
};

TEST_F(MarkedMachines, LeaveTheIdentityToAVoterThatAnOperatorRestoredElsewhere) {
  const NodeId id = world.host(1).id();
  Image image = world.host(1).image();
  world.run(1min);
  world.host(1).kill();
  ASSERT_TRUE(world.copy(1, false));
  put_back(copy, image);
  ASSERT_TRUE(becomes(60s, [&] { return world.host(copy).id() != id; })) << "the marks of the machine differ";
  image.entries.push_back(wire::encode_entry(wire::RestoredEntry{}));
  put_back(copy, image);
  ASSERT_TRUE(becomes(60s, [&] { return world.host(copy).view().ready(); }));
  EXPECT_EQ(world.host(copy).id(), id);
  EXPECT_TRUE(has_alarm(copy, "voter")) << "what it voted since is forgotten";
}

TEST_F(Registration, TakesTheVoteFromARolledBackVoterThatEndsBeforeItIsTold) {
  const Image image = world.host(1).image();
  world.run(1min);
  world.host(1).power_off();
  world.host(1).restore(image);
  world.host(1).start();
  world.run(2s);  // others under its identity have five to object
  EXPECT_FALSE(world.host(1).view().ready());
  world.host(1).power_off();
  world.host(1).start();
  ASSERT_TRUE(becomes(30s, [&] { return world.host(1).view().ready(); }));
  EXPECT_TRUE(has_alarm(1, "voter"));
}

TEST_F(Registration, KeepsTheVoteOfAVoterThatMissedADecree) {
  // It registers twice then, the second time under voters that know of the first.
  world.host(2).kill();
  world.host(1).ask([](node::Node& node, node::CallId call, Time now) { node.leave(call, true, now); });
  ASSERT_TRUE(becomes(30s, [&] { return !world.host(0).view().decrees.empty(); }));
  world.host(2).start();
  ASSERT_TRUE(comes_right(180s));
  EXPECT_FALSE(has_alarm(2, "voter"));
}

TEST_F(Registration, NeedsNobodyElseWhenAllStartAtOnce) {
  for (HostIndex i = 0; i < world.size(); ++i) world.host(i).power_off();
  world.run(10s);
  for (HostIndex i = 0; i < world.size(); ++i) world.host(i).start();
  EXPECT_TRUE(comes_right(30s));
}

TEST_F(Registration, GoesOnWithoutTheVotersAfterARestartOnTheSameBoot) {
  for (HostIndex i = 0; i < 3; ++i) world.host(i).kill();
  world.host(3).kill();
  world.host(3).start();
  world.run(50s);
  EXPECT_FALSE(world.host(3).view().registered);
  EXPECT_TRUE(becomes(20s, [&] { return world.host(3).view().offline; }));
  add(3, "late");
  EXPECT_TRUE(becomes(5s, [&] { return world.host(3).runtime().settled(); }));
  for (HostIndex i = 0; i < 3; ++i) world.host(i).start();
  EXPECT_TRUE(becomes(60s, [&] { return !world.host(3).view().offline; }));
  EXPECT_TRUE(comes_right(60s));
}

TEST_F(Registration, WaitsForTheVotersAfterABoot) {
  for (HostIndex i = 0; i < 3; ++i) world.host(i).kill();
  world.host(3).power_off();
  world.host(3).start();
  world.run(3min);
  EXPECT_FALSE(world.host(3).view().registered);
  const std::string wait = world.host(3).view().waiting_for.front();
  EXPECT_NE(wait.find("its registration with a majority of the voters; not yet with"), std::string::npos)
      << wait;
  for (HostIndex i = 0; i < 3; ++i) world.host(i).start();
  EXPECT_TRUE(comes_right(60s));
}

}  // namespace
}  // namespace overlay::sim
