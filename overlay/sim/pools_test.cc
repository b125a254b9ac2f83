// SPDX-License-Identifier: Apache-2.0
// Goal: space that an operator, or Kubernetes, has a say in: a pool added, a prefix assigned, a fork settled,
// halves put together, blocks named.
#include <gtest/gtest.h>

#include <algorithm>

#include "overlay/sim/test_world.h"

namespace overlay::sim {
namespace {

using namespace std::chrono_literals;

Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

class Pools : public testing::Test {
 protected:
  void start(Options options) {
    world.emplace(std::move(options));
    world->start_all();
    ASSERT_TRUE(becomes(30s, [&] { return world->unsettled().empty(); }));
  }
  ~Pools() override { EXPECT_EQ(world ? world->verdict().text() : "", ""); }

  testing::AssertionResult becomes(Duration within, const std::function<bool()>& condition) {
    return sim::becomes(*world, within, condition);
  }
  node::View view(HostIndex i) const { return world->host(i).view(); }
  std::vector<Prefix> blocks(HostIndex i) const {
    std::vector<Prefix> out;
    for (const auto& block : view(i).blocks) {
      if (block.record.owner == world->host(i).id()) out.push_back(block.record.prefix);
    }
    return out;
  }
  std::string alarm(HostIndex i, const std::string& name) const {
    for (const auto& alarm : view(i).alarms) {
      if (alarm.name == name) return alarm.text;
    }
    return {};
  }
  bool everybody(const std::function<bool(HostIndex)>& condition) const {
    for (HostIndex i = 0; i < world->size(); ++i) {
      if (!condition(i)) return false;
    }
    return true;
  }
  /// The operator's order on a machine; empty when it was done.
  std::string order(HostIndex at, const Host::Order& order) {
    const auto call = world->host(at).ask(order);
    const auto& answers = world->host(at).answers();
    EXPECT_TRUE(becomes(20s, [&] { return answers.contains(call); }));
    return !answers.contains(call) ? "no answer" : answers.at(call) ? "" : answers.at(call).error().text;
  }
  std::string extend(HostIndex at, const char* pool) {
    return order(
        at, [&](node::Node& node, node::CallId call, Time now) { node.extend(call, prefix(pool), now); });
  }
  std::string assign(HostIndex at, const Prefix& what, const std::string& owner) {
    return order(at, [&](node::Node& node, node::CallId call, Time now) {
      node.assign(call, {what, owner}, now);
    });
  }
  void add_pods(HostIndex at, int count, const std::string& name) {
    for (int i = 0; i < count; ++i) world->host(at).runtime().add(name + std::to_string(i), world->time());
    world->host(at).poke_runtime();
  }

  /// Kubernetes has chosen these for a node, whatever it had before.
  void name_blocks(HostIndex at, const std::vector<Prefix>& blocks) {
    world->host(at).ask([&](node::Node& node, node::CallId, Time now) {
      node.known_as("uid-" + std::to_string(at), blocks, now);
    });
  }
  std::string waits_for(HostIndex i) const {
    const auto waiting = view(i).waiting_for;
    return waiting.empty() ? "" : waiting.front();
  }
  bool owns(HostIndex i, const std::vector<Prefix>& wanted) const {
    return world->host(i).running() && blocks(i) == wanted;
  }

  std::optional<World> world;
};

TEST_F(Pools, GrowWhenTheyAreExhausted) {
  world.emplace(Options{.seed = 31, .hosts = 4, .voters = 3, .pools = {prefix("10.32.0.0/23")}});
  world->start_all();
  ASSERT_TRUE(becomes(30s, [&] {
    if (!world->host(3).running()) return false;
    const auto waits = view(3).waiting_for;
    return !waits.empty() && waits.front().find("no free IPv4 block is left in the pool: 2 are owned, by ") !=
                                 std::string::npos;
  }));
  EXPECT_EQ(extend(3, "10.48.0.0/16"), "");
  EXPECT_EQ(extend(1, "10.48.0.0/16"), "") << "once more is no error";
  EXPECT_TRUE(becomes(10s, [&] { return world->unsettled().empty(); }));
  for (HostIndex i = 0; i < 4; ++i) {
    ASSERT_EQ(view(i).pools.size(), 2U);
    EXPECT_EQ(view(i).pools[1].prefix, prefix("10.48.0.0/16"));
    EXPECT_EQ(world->host(i).intent()->pools.size(), 2U);
  }
}

TEST_F(Pools, OfTheOtherFamilyGiveEverybodyABlockOfIt) {
  start({.seed = 32, .hosts = 3});
  EXPECT_EQ(extend(2, "fd32::/48"), "");
  EXPECT_TRUE(becomes(10s, [&] { return world->unsettled().empty(); }));
  for (HostIndex i = 0; i < 3; ++i) EXPECT_EQ(blocks(i).size(), 2U);
}

TEST_F(Pools, AreNotAddedWhereTheyDoHarm) {
  start({.seed = 33, .hosts = 2});
  EXPECT_EQ(extend(1, "10.33.0.0/16"), "the pool 10.33.0.0/16 overlaps the pool 10.32.0.0/12");
  EXPECT_EQ(extend(1, "10.64.0.0/28"),
            "the pool 10.64.0.0/28 is smaller than one block, a /24; give a larger one");
  const Ip underlay = *view(1).underlay_address;
  const std::string around = Prefix::around(underlay, 16).text();
  EXPECT_EQ(extend(1, around.c_str()), "the pool " + around + " holds the underlay address " +
                                           underlay.text() + " of n2; give another one");
  EXPECT_EQ(view(1).pools.size(), 1U);
}

TEST_F(Pools, GiveAPrefixToWhomItIsAssigned) {
  start({.seed = 34, .hosts = 4, .voters = 3});
  EXPECT_EQ(assign(3, prefix("10.40.7.0/24"), "n2"), "");
  EXPECT_EQ(assign(0, prefix("10.40.7.0/24"), "n2"), "") << "once more is no error";
  EXPECT_TRUE(becomes(5s, [&] { return blocks(1).size() == 2; }));
  EXPECT_EQ(blocks(1).back(), prefix("10.40.7.0/24"));
  EXPECT_TRUE(becomes(5s, [&] { return world->unsettled().empty(); }));
  EXPECT_EQ(assign(0, prefix("10.40.7.0/24"), "n3"),
            "10.40.7.0/24 is owned by n2, which has not given it up: drain it there first");
  EXPECT_EQ(assign(0, prefix("10.99.0.0/24"), "n3"), "no pool holds 10.99.0.0/24");
  EXPECT_EQ(assign(0, prefix("10.32.0.0/12"), "n3"),
            "10.32.0.0/12 is no part of a pool that one voter grants from; give the prefix of a block, as "
            "'overlayctl ipam' shows it");
}

TEST_F(Pools, KeepAForkAsEvidenceUntilADecreeSettlesIt) {
  start({.seed = 35, .hosts = 4, .voters = 3});
  add_pods(3, 5, "before");
  ASSERT_TRUE(becomes(10s, [&] { return world->unsettled().empty(); }));
  const auto views = view(3).blocks;
  const auto at = std::find_if(views.begin(), views.end(),
                               [&](const auto& b) { return b.record.owner == world->host(3).id(); });
  // The voter that granted n4's block has granted it to n3 too, under the same number.
  ipam::BlockRecord other = at->record;
  other.owner = world->host(2).id();
  other.request = RequestId{{9}};
  const auto voters = view(3).genesis->voters;
  for (HostIndex i = 0; i < 3; ++i) {
    const auto& signer = world->host(i).identity();
    if (signer.public_key != voters[other.seat % voters.size()]) continue;
    world->share_key(i);
    world->hostile().show(1, wire::seal(other, {}, signer, *view(3).cluster).envelope);
  }
  const std::string name = "fork-" + other.prefix.text();
  ASSERT_TRUE(becomes(10s, [&] { return everybody([&](HostIndex i) { return !alarm(i, name).empty(); }); }));
  for (const char* part : {"n3", "n4", "rolled back or runs twice", "overlayctl ipam assign"}) {
    EXPECT_NE(alarm(0, name).find(part), std::string::npos) << alarm(0, name);
  }
  EXPECT_TRUE(world->host(0).kernel().routes().contains(other.prefix)) << "routes stay as they are";

  add_pods(3, 5, "after");
  // A runtime whose ADD is refused too often gives some up.
  ASSERT_TRUE(becomes(20s, [&] { return world->host(3).runtime().settled(); }));
  ASSERT_GT(view(3).leases.size(), 5U);
  for (const ipam::Lease& lease : view(3).leases) {
    const bool there = other.prefix.contains(lease.addresses.front());
    EXPECT_EQ(there, lease.key.container.starts_with("before")) << "nothing new is leased there";
  }
  world->host(2).power_off();
  world->host(2).start();
  ASSERT_TRUE(becomes(20s, [&] { return !alarm(2, name).empty(); })) << "nor is it forgotten";

  EXPECT_EQ(assign(1, other.prefix, "n4"), "");
  EXPECT_TRUE(becomes(10s, [&] { return everybody([&](HostIndex i) { return alarm(i, name).empty(); }); }));
  EXPECT_TRUE(becomes(10s, [&] { return world->unsettled().empty(); }));
}

TEST_F(Pools, ArePutTogetherAgainFromReturnedHalves) {
  start({.seed = 36,
         .hosts = 3,
         .block_length_v4 = 28,
         .most_containers = 60,
         .spare_after = 20s,
         .quarantine = 40s});
  add_pods(2, 58, "c");
  ASSERT_TRUE(becomes(30s, [&] { return world->unsettled().empty() && blocks(2).size() > 4; }));
  world->host(2).runtime().remove_all(world->time());
  world->host(2).poke_runtime();
  const auto returned = [&](int length) {
    const auto blocks = view(1).blocks;
    return std::count_if(blocks.begin(), blocks.end(), [&](const auto& b) {
      return b.record.state == ipam::BlockState::free && b.record.prefix.length() == length;
    });
  };
  EXPECT_TRUE(becomes(10min, [&] { return blocks(2).size() == 1; }));
  EXPECT_TRUE(becomes(3min, [&] { return returned(27) > 0 || returned(26) > 0; }));
  add_pods(1, 58, "d");
  EXPECT_TRUE(becomes(30s, [&] { return world->unsettled().empty(); })) << "and are granted in pieces again";
}

class NamedBlocks : public Pools {
 protected:
  void SetUp() override {
    world.emplace(Options{.seed = 41,
                          .hosts = 4,
                          .voters = 3,
                          .pools = {prefix("10.244.0.0/16"), prefix("fd44::/56")},
                          .ipam = consensus::Ipam::kubernetes,
                          .quarantine = 1h});
    world->start_all();
    ASSERT_TRUE(
        becomes(30s, [&] { return everybody([&](HostIndex i) { return world->host(i).running(); }); }));
  }
  static std::vector<Prefix> of_node(HostIndex i) {
    return {prefix("10.244.0.0/16").nth(24, i + 7), prefix("fd44::/56").nth(64, i + 7)};
  }
  void name_all() {
    for (HostIndex i = 0; i < world->size(); ++i) name_blocks(i, of_node(i));
    ASSERT_TRUE(becomes(30s, [&] {
      return everybody([&](HostIndex i) { return owns(i, of_node(i)); }) && world->unsettled().empty();
    }));
  }
};

TEST_F(NamedBlocks, AreAwaitedAndThenEachNodesOwn) {
  EXPECT_TRUE(becomes(30s, [&] {
    return everybody([&](HostIndex i) {
      return waits_for(i).find(
                 "an IPv4 podCIDR of this host's Node: kube-controller-manager gives it one with "
                 "--allocate-node-cidrs") != std::string::npos;
    });
  }));
  name_blocks(0, {prefix("10.244.7.0/24")});
  EXPECT_TRUE(becomes(30s, [&] { return waits_for(0).find("an IPv6 podCIDR") == 0; }));
  name_all();
  add_pods(3, 20, "c");
  EXPECT_TRUE(becomes(30s, [&] { return world->unsettled().empty(); }));
}

TEST_F(NamedBlocks, OutliveACrashWithoutKubernetes) {
  name_all();
  world->host(3).power_off();
  world->host(3).start();
  EXPECT_TRUE(becomes(30s, [&] { return owns(3, of_node(3)) && view(3).ready(); }));
}

TEST_F(NamedBlocks, ThatFitNoPoolAreRefusedInWords) {
  name_blocks(3, {prefix("10.9.0.0/24"), prefix("fd44::/64")});
  EXPECT_TRUE(becomes(30s, [&] {
    return waits_for(3).find("10.9.0.0/24 is in no pool of this cluster") != std::string::npos;
  }));
  name_blocks(3, {prefix("10.244.9.0/25"), prefix("fd44::/64")});
  EXPECT_TRUE(
      becomes(30s, [&] { return waits_for(3).find("10.244.9.0/25 is no /24") != std::string::npos; }));
}

TEST_F(NamedBlocks, OfAnotherNodeComeWhenItHasGivenThemBack) {
  name_all();
  add_pods(3, 5, "c");
  ASSERT_TRUE(becomes(30s, [&] { return world->unsettled().empty(); }));
  // The Node was made anew, and its old range went to the next.
  name_blocks(3, {prefix("10.244.99.0/24"), of_node(3)[1]});
  name_blocks(2, {of_node(3)[0], of_node(2)[1]});
  ASSERT_TRUE(becomes(30s, [&] { return blocks(3).size() == 3; })) << "the pods keep their addresses";
  EXPECT_FALSE(owns(2, {of_node(3)[0], of_node(2)[1]}));
  world->host(3).runtime().remove_all(world->time());
  world->host(3).poke_runtime();
  // A minute after the last of them, for addresses rest.
  EXPECT_TRUE(becomes(2min, [&] {
    return owns(3, {prefix("10.244.99.0/24"), of_node(3)[1]}) && owns(2, {of_node(3)[0], of_node(2)[1]});
  }));
  EXPECT_TRUE(becomes(30s, [&] { return world->unsettled().empty(); }));
}

TEST_F(NamedBlocks, OfARemovedNodeAreItsSuccessorsAtOnce) {
  name_all();
  world->host(3).power_off();
  ASSERT_TRUE(becomes(30s, [&] { return world->missed(3); }));
  name_blocks(0, {of_node(3)[0], of_node(0)[1]});
  EXPECT_TRUE(becomes(20s, [&] {
    return waits_for(0).find(
               "is still owned by n4, which cannot be reached and has not been forgotten yet") !=
           std::string::npos;
  }));
  const auto forget = [](node::Node& node, node::CallId call, Time now) {
    node.forget(call, {{"n4"}, {}}, now);
  };
  EXPECT_EQ(order(1, forget), "");
  EXPECT_TRUE(becomes(30s, [&] { return owns(0, {of_node(3)[0], of_node(0)[1]}); }));
}

TEST_F(Pools, TakeUpWhatAllMembersCanDoByNow) {
  world.emplace(Options{.seed = 37, .hosts = 3, .choose_voters = true, .feature_level = 0});
  world->start_all();
  EXPECT_TRUE(becomes(1min, [&] {
    return everybody([&](HostIndex i) {
      return world->host(i).running() && view(i).feature_level == consensus::newest_feature_level;
    });
  }));
}

}  // namespace
}  // namespace overlay::sim
