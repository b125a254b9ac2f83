// SPDX-License-Identifier: Apache-2.0
// Goal: voters come and go, the dead are forgotten and a lost majority is replaced, as README promises, in
// whole clusters of the real core.
#include <gtest/gtest.h>

#include <algorithm>

#include "overlay/sim/test_world.h"

namespace overlay::sim {
namespace {

using namespace std::chrono_literals;

/// A cluster of real cores, and what its operators do.
class Decrees : public testing::Test {
 protected:
  void start(std::size_t hosts, bool choose_voters) {
    world.emplace(Options{.seed = 21, .hosts = hosts, .choose_voters = choose_voters});
    world->start_all();
    ASSERT_TRUE(becomes(30s, [&] { return world->unsettled().empty(); }));
  }
  /// Five nodes, three of which vote.
  void start_with_three_voters() {
    start(5, true);
    ASSERT_TRUE(becomes(12min, [&] {
      return all_of({0, 1, 2, 3, 4}, [&](HostIndex i) { return view(i).voters.size() == 3; });
    }));
  }
  ~Decrees() override { EXPECT_EQ(world ? world->verdict().text() : "", ""); }

  node::View view(HostIndex i) const { return world->host(i).view(); }

  testing::AssertionResult becomes(Duration within, const std::function<bool()>& condition) {
    return sim::becomes(*world, within, condition);
  }
  static bool all_of(const std::vector<HostIndex>& hosts, const std::function<bool(HostIndex)>& condition) {
    return std::all_of(hosts.begin(), hosts.end(), condition);
  }

  bool votes(HostIndex at, HostIndex voter) const {
    const auto voters = view(at).voters;
    return std::find(voters.begin(), voters.end(), host_name(voter)) != voters.end();
  }
  bool reaches(HostIndex at, HostIndex other) const {
    const auto peers = view(at).peers;
    return std::any_of(peers.begin(), peers.end(), [&](const node::PeerView& peer) {
      return peer.id == world->host(other).id() && peer.reachable;
    });
  }
  bool has_removed(HostIndex at, HostIndex gone) const {
    for (const auto& decree : view(at).decrees) {
      for (const auto& node : decree.change.removed) {
        if (node.node == world->host(gone).id()) return true;
      }
    }
    return false;
  }
  /// Stops a daemon for good, and waits until `others` have seen that.
  void lose(HostIndex host, const std::vector<HostIndex>& others) {
    world->host(host).kill();
    ASSERT_TRUE(becomes(10s, [&] { return all_of(others, [&](HostIndex i) { return !reaches(i, host); }); }));
  }

  node::CallId forget(HostIndex at, const std::vector<std::string>& names) {
    return world->host(at).ask([&](node::Node& node, node::CallId call, Time now) {
      node.forget(call, {names, ""}, now);
    });
  }
  std::string answer(HostIndex at, node::CallId call) const {
    const auto found = world->host(at).answers().find(call);
    if (found == world->host(at).answers().end()) return "none";
    return found->second ? "done" : found->second.error().text;
  }
  bool answered(HostIndex at, node::CallId call) const { return answer(at, call) != "none"; }

  std::optional<World> world;
};

TEST_F(Decrees, MakeThreeVotersOfOneAfterTenMinutes) {
  start(4, true);
  world->run(9min);
  EXPECT_EQ(view(0).voters.size(), 1U);
  ASSERT_TRUE(becomes(2min, [&] { return view(3).voters.size() == 3; }));
  EXPECT_TRUE(votes(3, 0));
  EXPECT_TRUE(becomes(10s, [&] { return world->unsettled().empty(); }));
}

TEST_F(Decrees, GoOnWithOneOfThreeVotersDead) {
  start_with_three_voters();
  const HostIndex dead = votes(0, 1) ? 1 : 2;
  std::vector<HostIndex> others = {0, 1, 2, 3, 4};
  std::erase(others, dead);
  lose(dead, others);
  const HostIndex asker = 4 == dead ? 3 : 4;
  const auto call = forget(asker, {host_name(dead)});
  ASSERT_TRUE(becomes(2s, [&] { return answered(asker, call); }));
  EXPECT_EQ(answer(asker, call), "done");
  ASSERT_TRUE(becomes(2s, [&] { return all_of(others, [&](HostIndex i) { return has_removed(i, dead); }); }));
  for (const HostIndex i : others) {
    EXPECT_EQ(view(i).voters.size(), 3U) << "its place is taken in the same decree";
    EXPECT_FALSE(votes(i, dead));
    EXPECT_EQ(view(i).peers.size(), 4U);
  }
}

TEST_F(Decrees, ReplaceAVoterThatWasAwayForTenMinutes) {
  start_with_three_voters();
  const HostIndex away = votes(0, 1) ? 1 : 2;
  world->host(away).kill();
  ASSERT_TRUE(becomes(12min, [&] { return !votes(0, away); }));
  EXPECT_EQ(view(0).voters.size(), 3U);
  world->host(away).start();
  EXPECT_TRUE(becomes(30s, [&] { return world->unsettled().empty() && !votes(away, away); }));
}

TEST_F(Decrees, OfTwoOperatorsAtOnceAreBothDone) {
  start_with_three_voters();
  const std::vector<HostIndex> rest = {0, 1, 2};
  lose(3, rest);
  lose(4, rest);
  const auto first = forget(1, {"n4"});
  const auto second = forget(2, {"n5", "n4"});
  ASSERT_TRUE(becomes(5s, [&] { return answered(1, first) && answered(2, second); }));
  EXPECT_EQ(answer(1, first), "done");
  EXPECT_EQ(answer(2, second), "done");
  ASSERT_TRUE(becomes(
      2s, [&] { return all_of(rest, [&](HostIndex i) { return has_removed(i, 3) && has_removed(i, 4); }); }));
  const auto again = forget(0, {"n5"});
  ASSERT_TRUE(becomes(1s, [&] { return answered(0, again); }));
  EXPECT_EQ(answer(0, again), "done") << "forgetting twice is no error";
  const auto unknown = forget(0, {"n9"});
  EXPECT_EQ((world->run(1s), answer(0, unknown)),
            "no node is named n9; 'overlayctl peers' lists those there are");
}

TEST_F(Decrees, RemoveNobodyWhoIsReachable) {
  start(3, false);
  const auto call = forget(1, {"n3"});
  ASSERT_TRUE(becomes(1s, [&] { return answered(1, call); }));
  EXPECT_EQ(answer(1, call), "n2 reaches n3, which is not dead: stop its overlayd first");
}

TEST_F(Decrees, WaitForAMajorityAndSayWhoIsMissing) {
  start(3, false);
  lose(0, {1, 2});
  lose(2, {1});
  const auto call = forget(1, {"n3"});
  ASSERT_TRUE(becomes(20s, [&] { return answered(1, call); }));
  EXPECT_EQ(answer(1, call),
            "of 1 voters n1 cannot be reached, so nothing is decided: start them, or, if they are lost for "
            "good, use 'overlayctl recover'");
  world->host(0).start();
  ASSERT_TRUE(becomes(10s, [&] { return reaches(1, 0); }));
  const auto second = forget(1, {"n3"});
  EXPECT_TRUE(becomes(5s, [&] { return answer(1, second) == "done"; }));
}

TEST_F(Decrees, GiveARemovedNodeThatReturnsANewIdentityAndItOwnsNothing) {
  start(3, false);
  const NodeId removed = world->host(2).id();
  lose(2, {0, 1});
  const auto call = forget(1, {"n3"});
  ASSERT_TRUE(becomes(2s, [&] { return answer(1, call) == "done"; }));
  world->host(2).start();
  ASSERT_TRUE(becomes(20s, [&] { return world->host(2).id() != removed; }));
  ASSERT_TRUE(becomes(20s, [&] { return world->unsettled().empty(); }))
      << "it comes back by itself, as a new node";
  for (const auto& block : view(2).blocks)
    EXPECT_NE(block.record.owner, removed) << block.record.prefix.text();
  EXPECT_TRUE(view(2).leases.empty());
}

TEST_F(Decrees, GiveOutWhatARemovedNodeOwnedAfterAnHour) {
  world.emplace(Options{.seed = 22, .hosts = 3, .pools = {Prefix::parse("10.32.0.0/23").value()}});
  const auto ready = [&](HostIndex i) { return world->host(i).running() && view(i).ready(); };
  world->host(0).start();
  world->host(1).start();
  ASSERT_TRUE(becomes(30s, [&] { return ready(0) && ready(1); }));
  world->host(2).start();
  lose(1, {0});
  const auto call = forget(0, {"n2"});
  ASSERT_TRUE(becomes(2s, [&] { return answer(0, call) == "done"; }));
  ASSERT_TRUE(becomes(15s, [&] {
    const auto blocks = view(2).blocks;
    return std::any_of(blocks.begin(), blocks.end(), [](const node::BlockView& block) {
      return block.record.state == ipam::BlockState::quarantine;
    });
  }));
  world->run(59min);
  EXPECT_FALSE(ready(2)) << "the removed node may still be alive somewhere";
  EXPECT_TRUE(becomes(2min, [&] { return ready(2); }));
}

TEST_F(Decrees, SurviveRestartsAndReachWhoeverJoinsLate) {
  start_with_three_voters();
  for (HostIndex i = 0; i < 5; ++i) {
    world->host(i).power_off();
    world->host(i).start();
  }
  ASSERT_TRUE(becomes(30s, [&] { return world->unsettled().empty(); }));
  for (HostIndex i = 0; i < 5; ++i) EXPECT_EQ(view(i).decrees.size(), view(0).decrees.size());
}

TEST_F(Decrees, RecoverFromTheLossOfTheOnlyVoter) {
  start(3, false);
  const std::string cluster = view(1).cluster->short_hex();
  const auto recover = [&](HostIndex at, const std::string& name) {
    return world->host(at).ask(
        [=](node::Node& node, node::CallId call, Time now) { node.recover(call, name, now); });
  };
  const auto early = recover(1, cluster);
  ASSERT_TRUE(becomes(1s, [&] { return answered(1, early); }));
  EXPECT_EQ(answer(1, early), "n1 can be reached, a majority of the voters: there is nothing to recover");

  lose(0, {1, 2});
  const auto wrong = recover(1, "00000000");
  ASSERT_TRUE(becomes(1s, [&] { return answered(1, wrong); }));
  EXPECT_NE(answer(1, wrong).find("give --cluster " + cluster), std::string::npos);
  const auto call = recover(1, cluster);
  ASSERT_TRUE(becomes(1s, [&] { return answer(1, call) == "done"; }));
  EXPECT_EQ(view(1).voters, std::vector<std::string>{"n2"});
  ASSERT_TRUE(becomes(70s, [&] { return view(2).voters == std::vector<std::string>{"n2"}; }));
  ASSERT_TRUE(becomes(5s, [&] { return !view(2).alarms.empty(); }));
  EXPECT_EQ(view(2).alarms.front().name, "recovered");

  world->host(0).start();  // it was not lost after all
  world->run(30s);
  EXPECT_TRUE(votes(0, 0)) << "a voter that is its own majority is not robbed of it in passing";
  const auto alarms = view(0).alarms;
  EXPECT_TRUE(std::any_of(alarms.begin(), alarms.end(), [](const auto& a) { return a.name == "recovery"; }));
}

}  // namespace
}  // namespace overlay::sim
