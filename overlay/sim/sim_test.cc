// SPDX-License-Identifier: Apache-2.0
// Goal: the core keeps its promises in the situations the README speaks of, one by one.
// Method: real cores, virtual time; what must hold at every moment is checked by the world itself at each
// step.
#include <gtest/gtest.h>

#include <algorithm>

#include "overlay/sim/scenario.h"
#include "overlay/sim/test_world.h"

namespace overlay::sim {
namespace {

using namespace std::chrono_literals;

const node::PeerView& peer(const node::View& view, const std::string& name) {
  return *std::find_if(view.peers.begin(), view.peers.end(), [&](const auto& p) { return p.name == name; });
}

bool sees(const World& world, HostIndex host, HostIndex other) {
  return peer(world.host(host).view(), host_name(other)).reachable;
}

std::vector<Prefix> blocks_of(const World& world, HostIndex host) {
  const auto view = world.host(host).view();
  return peer(view, view.name).blocks;
}

void add(World& world, HostIndex host, const std::string& container) {
  world.host(host).runtime().add(container, world.time());
  world.host(host).poke_runtime();
}

std::vector<Ip> addresses(const World& world, HostIndex host, const std::string& container) {
  return world.host(host).runtime().containers().at({"overlay", container, "eth0"}).addresses;
}

/// Three machines that have found each other, with a container on each.
class Cluster : public testing::Test {
 protected:
  Cluster() : world({.seed = 7, .hosts = 3}) {
    world.start_all();
    EXPECT_TRUE(comes_right(world, 20s));
    for (HostIndex i = 0; i < world.size(); ++i) add(world, i, "web");
    EXPECT_TRUE(comes_right(world, 1s));
  }
  ~Cluster() override { EXPECT_EQ(world.verdict().text(), ""); }

  World world;
};

TEST_F(Cluster, GivesEachNodeABlockAndEachContainerAnAddressOfIt) {
  for (HostIndex i = 0; i < world.size(); ++i) {
    ASSERT_EQ(blocks_of(world, i).size(), 1U);
    EXPECT_TRUE(blocks_of(world, i).front().contains(addresses(world, i, "web").front()));
    EXPECT_EQ(world.host(i).kernel().routes().size(), 2U);
  }
}

TEST_F(Cluster, ServesItsPodsOnBothSidesOfAPartitionAndHeals) {
  world.cut_off({2});
  EXPECT_TRUE(
      becomes(world, 6s, [&] { return !sees(world, 0, 2) && !sees(world, 1, 2) && !sees(world, 2, 0); }));
  EXPECT_TRUE(sees(world, 0, 1));
  add(world, 0, "during");
  add(world, 2, "during");
  EXPECT_TRUE(becomes(world, 1s, [&] { return !addresses(world, 2, "during").empty(); }));
  EXPECT_EQ(world.host(0).kernel().routes().size(), 2U) << "a partition withdraws no route";
  world.network().heal_all();
  EXPECT_TRUE(comes_right(world, 10s));
}

TEST_F(Cluster, NoticesACutInOneDirection) {
  world.network().cut(0, 2);
  world.network().cut(1, 2);
  EXPECT_TRUE(becomes(world, 6s, [&] { return !sees(world, 0, 2) && !sees(world, 2, 0); }));
  world.network().heal_all();
  EXPECT_TRUE(comes_right(world, 10s));
}

TEST_F(Cluster, ReachesANodeByAnotherWhenTheirOwnLinkIsCut) {
  world.network().cut(0, 2);
  world.network().cut(2, 0);
  EXPECT_FALSE(becomes(world, 20s, [&] { return !sees(world, 0, 2); }));
  EXPECT_EQ(world.verdict().text(), "");
}

TEST_F(Cluster, GoesOnWithoutItsFounderAndTakesItBack) {
  world.host(0).kill();
  add(world, 1, "meanwhile");
  EXPECT_TRUE(becomes(world, 1s, [&] { return !addresses(world, 1, "meanwhile").empty(); }));
  EXPECT_TRUE(becomes(world, 5s, [&] { return !sees(world, 1, 0); }));
  world.host(0).start();
  EXPECT_TRUE(comes_right(world, 10s));
}

TEST_F(Cluster, KeepsIdentityBlocksAndAddressesThroughEveryKindOfRestart) {
  for (const bool power : {false, true}) {
    for (HostIndex i = 0; i < world.size(); ++i) {
      const auto id = world.host(i).view().id;
      const auto blocks = blocks_of(world, i);
      const auto leases = world.host(i).view().leases;
      const auto routes = world.host(i).kernel().routes();
      power ? world.host(i).power_off() : world.host(i).kill();
      EXPECT_EQ(world.host(i).kernel().routes(), power ? Kernel::Routes() : routes);
      world.run(3s);
      world.host(i).start();
      EXPECT_EQ(world.host(i).view().id, id);
      EXPECT_EQ(world.host(i).view().leases, leases);
      EXPECT_TRUE(comes_right(world, 15s));
      EXPECT_EQ(blocks_of(world, i), blocks);
    }
  }
}

TEST_F(Cluster, SurvivesACrashOfAllAtOnce) {
  for (HostIndex i = 0; i < world.size(); ++i) world.host(i).power_off();
  world.run(1s);
  for (HostIndex i = 0; i < world.size(); ++i) world.host(i).start();
  EXPECT_TRUE(comes_right(world, 20s));
}

TEST_F(Cluster, FollowsANodeToAnotherUnderlayAddress) {
  world.network().move(1);
  world.host(1).underlay_changed();
  EXPECT_TRUE(comes_right(world, 20s));
}

TEST_F(Cluster, SurvivesEveryLieOfAMember) {
  for (std::size_t lie = 0; lie < Hostile::lies; ++lie) {
    for (HostIndex i = 0; i < world.size(); ++i) world.hostile().attack(i, static_cast<Hostile::Lie>(lie));
    world.run(5s);
    EXPECT_EQ(world.hostile().told(), (lie + 1) * world.size());
    EXPECT_TRUE(comes_right(world, 1s)) << name(static_cast<Hostile::Lie>(lie));
  }
}

TEST(Simulation, AsksForAFurtherBlockBeforeTheFirstIsFull) {
  World world({.seed = 3, .hosts = 2, .block_length_v4 = 28});
  world.start_all();
  ASSERT_TRUE(comes_right(world, 20s));
  for (int i = 0; i < 24; ++i) add(world, 1, "c" + std::to_string(i));
  ASSERT_TRUE(comes_right(world, 10s));
  EXPECT_EQ(blocks_of(world, 1).size(), 2U) << "24 addresses are 80 % of what two blocks of 15 have";
}

TEST(Simulation, LeasesAtOnceAfterARestartWhatHadCooledBeforeIt) {
  World world({.seed = 4, .hosts = 1, .block_length_v4 = 29});
  world.start_all();
  ASSERT_TRUE(comes_right(world, 20s));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 4; ++i) add(world, 0, "c" + std::to_string(i));
    ASSERT_TRUE(comes_right(world, 1s));
    world.host(0).runtime().remove_all(world.time());
    world.host(0).poke_runtime();
    world.run(61s);
  }
  world.host(0).kill();
  world.host(0).start();
  world.run(1s);
  for (int i = 0; i < 4; ++i) add(world, 0, "late" + std::to_string(i));
  EXPECT_TRUE(comes_right(world, 1s));
  EXPECT_EQ(blocks_of(world, 0).size(), 1U);
}

TEST(Simulation, SaysWhenThePoolIsExhausted) {
  World world({.seed = 3, .hosts = 3, .pools = {Prefix::parse("10.32.0.0/23").value()}});
  world.start_all();
  const auto waits = [&](HostIndex i) {
    return world.host(i).running() ? world.host(i).view().waiting_for : std::vector<std::string>();
  };
  EXPECT_TRUE(becomes(world, 20s, [&] {
    const auto one = waits(1);
    const auto two = waits(2);
    const auto& left = one.empty() ? two : one;
    return one.empty() != two.empty() && left.front().find("no free IPv4 block is left") != std::string::npos;
  }));
}

TEST(Simulation, GivesANodeWithoutItsVoterNothingUntilTheVoterIsBack) {
  World world({.seed = 5, .hosts = 3});
  world.host(0).start();
  world.host(1).start();
  ASSERT_TRUE(world.run_until([&] { return world.host(1).view().ready(); }, 20s));
  world.host(0).kill();
  world.host(2).join({"n2", mesh_port});
  world.host(2).start();
  world.run(20s);
  EXPECT_FALSE(world.host(2).view().ready());
  world.host(0).start();
  EXPECT_TRUE(comes_right(world, 20s));
}

TEST(Simulation, FormsAClusterInWhichNotEverybodyIsLinkedWithEverybody) {
  World world({.seed = 13, .hosts = 20});
  world.start_all();
  EXPECT_TRUE(comes_right(world, 20s));
  EXPECT_LT(world.network().sessions(), 20 * 19 / 2U);
}

TEST(Simulation, KeepsTwoClustersApartThatMeet) {
  World world({.seed = 11, .hosts = 2, .founders = {0, 1}});
  world.start_all();
  ASSERT_TRUE(becomes(world, 20s, [&] {
    return world.host(0).running() && world.host(1).running() && world.host(0).view().ready() &&
           world.host(1).view().ready();
  }));
  const auto first = world.host(0).view().cluster;
  const auto second = world.host(1).view().cluster;
  ASSERT_NE(first, second);
  add(world, 0, "mine");
  add(world, 1, "theirs");
  world.run(1s);

  world.host(1).kill();
  world.host(1).join({"n1", mesh_port});
  world.host(1).start();
  world.run(30s);
  EXPECT_EQ(world.host(0).view().cluster, first);
  EXPECT_EQ(world.host(1).view().cluster, second);
  for (HostIndex i = 0; i < 2; ++i) {
    EXPECT_TRUE(world.host(i).view().ready());
    EXPECT_EQ(world.host(i).view().leases.size(), 1U);
    EXPECT_EQ(world.host(i).view().blocks.size(), 1U) << "no record crosses over";
  }
  const auto links = world.host(1).view().links;
  EXPECT_TRUE(std::any_of(links.begin(), links.end(), [](const node::LinkView& link) {
    return link.error.find("different clusters: ") != std::string::npos;
  }));
}

TEST(Simulation, ReplaysASeedExactly) {
  const auto once = run(draw_plan(99, 4, 3min, parse_faults("all").value()));
  const auto again = run(draw_plan(99, 4, 3min, parse_faults("all").value()));
  EXPECT_EQ(once.broken, "");
  EXPECT_EQ(once.hash, again.hash);
  EXPECT_EQ(once.steps, again.steps);
  EXPECT_NE(once.hash, run(draw_plan(100, 4, 3min, parse_faults("all").value())).hash);
}

TEST(Faults, AreNamedAndRefusedByName) {
  EXPECT_EQ(parse_faults("kill,one-way").value(), (Faults{Fault::kill, Fault::one_way}));
  EXPECT_TRUE(parse_faults("none").value().empty());
  EXPECT_EQ(parse_faults("all").value().size(), fault_kinds);
  EXPECT_EQ(
      parse_faults("kill,fire").error().text,
      "'fire' is no fault; there are partition, one-way, kill, power, reset, slow-link, slow-disk, "
      "freeze, kernel, move, hostile, flush, disk-full, sync-error, rollback, copy, path, drain, leave, "
      "slow-reader");
}

}  // namespace
}  // namespace overlay::sim
