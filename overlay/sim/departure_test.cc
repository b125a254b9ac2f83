// SPDX-License-Identifier: Apache-2.0
// Goal: a node that is told to take no more pods, or to leave, does what overlayctl(1) says, whatever happens
// to it on the way. The swarm does the same at random moments (Fault::drain, Fault::leave).
#include <gtest/gtest.h>

#include <algorithm>

#include "overlay/sim/test_world.h"

namespace overlay::sim {
namespace {

using namespace std::chrono_literals;

class Departures : public testing::Test {
 protected:
  /// Machine 0 is the only voter.
  Departures() : world({.seed = 31, .hosts = 4, .choose_voters = false}) {
    world.start_all();
    EXPECT_TRUE(becomes(30s, [&] { return world.unsettled().empty(); }));
    for (HostIndex i = 0; i < world.size(); ++i) ids.push_back(world.host(i).id());
  }
  ~Departures() override { EXPECT_EQ(world.verdict().text(), ""); }

  testing::AssertionResult becomes(Duration within, const std::function<bool()>& condition) {
    return sim::becomes(world, within, condition);
  }
  node::View view(HostIndex i) const { return world.host(i).view(); }
  std::string answer(HostIndex at, const Host::Order& order) {
    const auto call = world.host(at).ask(order);
    const auto& answers = world.host(at).answers();
    if (!world.run_until([&] { return answers.contains(call); }, 5s)) return "none";
    return answers.at(call) ? "done" : answers.at(call).error().text;
  }
  std::string leave(HostIndex host, bool at_once = false) {
    std::vector<HostPort> others;
    for (HostIndex i = 0; i < world.size(); ++i) others.push_back({host_name(i), mesh_port});
    world.host(host).set_join(others);
    return answer(host,
                  [=](node::Node& node, node::CallId call, Time now) { node.leave(call, at_once, now); });
  }
  std::string drain(HostIndex host, bool on) {
    return answer(host, [=](node::Node& node, node::CallId call, Time now) { node.drain(call, on, now); });
  }
  void add(HostIndex host, const std::string& container) {
    world.host(host).runtime().add(container, world.time());
    world.host(host).poke_runtime();
  }
  std::size_t leases(HostIndex host) const { return view(host).leases.size(); }
  bool owns(HostIndex at, const NodeId& owner) const {
    const auto blocks = view(at).blocks;
    return std::ranges::any_of(blocks, [&](const node::BlockView& block) {
      return block.record.state == ipam::BlockState::owned && block.record.owner == owner;
    });
  }
  bool has_left(HostIndex host) const { return world.host(host).id() != ids[host]; }
  /// Its identity is out for all, it owns nothing, and the machine is back under another one.
  testing::AssertionResult is_back_as_another(HostIndex host, Duration within) {
    return becomes(within, [&] {
      return has_left(host) && world.unsettled().empty() && !owns(host == 0 ? 1 : 0, ids[host]);
    });
  }

  World world;
  std::vector<NodeId> ids;
};

TEST_F(Departures, ADrainedNodeTakesNoNewPodsAlsoAfterARestart) {
  add(1, "old");
  ASSERT_TRUE(becomes(2s, [&] { return leases(1) == 1; }));
  EXPECT_EQ(drain(1, true), "done");
  EXPECT_EQ(drain(1, true), "done");
  for (const bool power : {false, true}) {
    add(1, power ? "second" : "first");
    world.run(10s);
    EXPECT_EQ(leases(1), 1U) << "the one there was";
    EXPECT_NE(view(1).waiting_for.front().find("'overlayctl undrain' ends that"), std::string::npos);
    power ? world.host(1).power_off() : world.host(1).kill();
    world.host(1).start();
    ASSERT_TRUE(becomes(10s, [&] { return view(1).registered; }));
    EXPECT_TRUE(view(1).drained);
  }
  EXPECT_EQ(drain(1, false), "done");
  EXPECT_TRUE(becomes(30s, [&] { return world.unsettled().empty(); }));
}

TEST_F(Departures, ANodeGivesBackAllItHasAndIsOut) {
  EXPECT_EQ(leave(2), "done");
  ASSERT_TRUE(is_back_as_another(2, 30s));
  const auto blocks = view(0).blocks;
  EXPECT_EQ(std::ranges::count(blocks, ipam::BlockState::quarantine,
                               [](const node::BlockView& block) { return block.record.state; }),
            0)
      << "what was returned needs no rest";
}

TEST_F(Departures, TheOnlyVoterHandsItsVoteOverFirst) {
  EXPECT_EQ(leave(0), "done");
  ASSERT_TRUE(is_back_as_another(0, 40s));
  EXPECT_EQ(view(1).voters.size(), 1U);
  add(1, "later");
  EXPECT_TRUE(becomes(5s, [&] { return world.unsettled().empty(); }));
}

TEST_F(Departures, WithPodsItRefusesAndNamesThem) {
  add(1, "web");
  ASSERT_TRUE(becomes(2s, [&] { return leases(1) == 1; }));
  const std::string refusal = leave(1);
  EXPECT_NE(refusal.find("1 pods run on n2: web (10.32."), std::string::npos) << refusal;
  EXPECT_NE(refusal.find("--force"), std::string::npos) << refusal;
  EXPECT_FALSE(view(1).leaving);
  EXPECT_EQ(leave(1, true), "done");
  ASSERT_TRUE(is_back_as_another(1, 60s));
  const auto blocks = view(0).blocks;
  EXPECT_EQ(std::ranges::count(blocks, ipam::BlockState::quarantine,
                               [](const node::BlockView& block) { return block.record.state; }),
            1)
      << "what its pods may still use rests";
}

TEST_F(Departures, AddressesRestBeforeTheirBlockIsGivenBack) {
  add(1, "web");
  ASSERT_TRUE(becomes(2s, [&] { return leases(1) == 1; }));
  world.host(1).runtime().remove_all(world.time());
  world.host(1).poke_runtime();
  ASSERT_TRUE(becomes(2s, [&] { return leases(1) == 0; }));
  EXPECT_EQ(leave(1), "done") << "it goes on by itself";
  world.run(50s);
  EXPECT_NE(view(1).leaving_waits_for.find("to be taken back"), std::string::npos);
  EXPECT_TRUE(owns(0, ids[1]));
  EXPECT_TRUE(is_back_as_another(1, 40s));
}

TEST_F(Departures, GoesOnAfterACrash) {
  for (const HostIndex host : {HostIndex{0}, HostIndex{2}}) {
    ASSERT_EQ(leave(host), "done");
    for (int crashes = 0; crashes < 20 && !has_left(host); ++crashes) {
      world.host(host).kill_after(static_cast<std::uint64_t>(crashes));
      world.run(700ms);
      world.host(host).start();
      EXPECT_TRUE(has_left(host) || !world.host(host).running() || view(host).leaving);
    }
    world.host(host).kill_never();
    ASSERT_TRUE(is_back_as_another(host, 60s));
  }
}

TEST_F(Departures, SaysWhoIsMissingAndGoesOnWhenTheyAreBack) {
  world.host(0).kill();
  ASSERT_TRUE(becomes(10s, [&] { return world.missed(0); }));
  EXPECT_EQ(leave(3), "done");
  EXPECT_EQ(view(3).leaving_waits_for, "a majority of the voters; n1 cannot be reached, or cannot vote");
  world.host(0).start();
  EXPECT_TRUE(is_back_as_another(3, 40s));
}

TEST_F(Departures, CannotBeUndone) {
  world.cut_off({3});
  ASSERT_EQ(leave(3), "done");
  EXPECT_NE(drain(3, false).find("cannot be undone"), std::string::npos);
  EXPECT_EQ(leave(3), "done") << "again is no error";
  world.network().heal_all();
  EXPECT_TRUE(is_back_as_another(3, 40s));
}

TEST(Departure, IsRefusedWhereNobodyCouldVoteInItsPlace) {
  World world({.seed = 32, .hosts = 1});
  world.start_all();
  ASSERT_TRUE(world.run_until([&] { return world.unsettled().empty(); }, 30s));
  const auto call =
      world.host(0).ask([](node::Node& node, node::CallId id, Time now) { node.leave(id, false, now); });
  ASSERT_TRUE(world.run_until([&] { return world.host(0).answers().contains(call); }, 1s));
  EXPECT_EQ(
      world.host(0).answers().at(call).error().text,
      "n1 reaches no other node that could vote in its place: start one, or, if this cluster is to end, "
      "stop overlayd and run 'overlayctl teardown'");
}

}  // namespace
}  // namespace overlay::sim
