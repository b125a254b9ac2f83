// SPDX-License-Identifier: Apache-2.0
// Goal: packets find their way around what TCP does not notice, never in a circle, by a relay only while
// nothing straight works, and back; and a daemon that starts again changes nothing of that. Method: cut and
// narrow the data path between machines that run the real core; the invariants look at every kernel.
#include <gtest/gtest.h>

#include "overlay/sim/scenario.h"

namespace overlay::sim {
namespace {

using namespace std::chrono_literals;

using Way = DataPath::Way;

class Paths : public testing::Test {
 protected:
  Paths() : world({.seed = 21, .hosts = 5, .zones = 1, .data_paths = true}) {
    world.start_all();
    EXPECT_TRUE(world.run_until([this] { return calm(); }, 60s)) << world.unsettled() << world.crooked();
  }
  ~Paths() override { EXPECT_EQ(world.verdict().text(), ""); }

  bool calm() { return world.unsettled().empty() && world.crooked().empty(); }
  void cut(HostIndex a, HostIndex b) {
    for (const Way way : {Way::vxlan, Way::direct}) paths().cut(a, b, way);
  }
  DataPath& paths() { return *world.data_path(); }
  bool both() { return paths().delivers(0, 1) && paths().delivers(1, 0); }
  /// Nothing is lost between the first two for so long.
  bool stays_whole(Duration span) {
    return !world.run_until([this] { return !both(); }, span, 5ms);
  }
  node::PathView path(HostIndex from, HostIndex to) {
    for (const auto& peer : world.host(from).view().peers) {
      if (peer.id == world.host(to).id()) return peer.path;
    }
    return {};
  }

  World world;
};

TEST_F(Paths, AreBypassedWithinThreeSecondsWhileSessionsGoOnAndTakenAgainWithoutLoss) {
  cut(0, 1);
  ASSERT_TRUE(world.run_until([this] { return both(); }, 3s, 10ms));
  EXPECT_EQ(path(0, 1).kind, paths::Kind::relay);
  EXPECT_TRUE(world.unsettled().empty()) << "the mesh has not noticed: " << world.unsettled();
  paths().heal_all();
  EXPECT_TRUE(stays_whole(20s));
  EXPECT_EQ(world.crooked(), "");
}

/// What one end sends through a relay is answered only when the other has one as well: here its daemon starts
/// at the cut, so that it finds out while the first probes through the relay are awaited still, or later.
TEST_F(Paths, AreKeptWhenTheOtherEndTakesARelayLater) {
  for (const Duration late : {0s, 3s, 7s}) {
    world.host(1).kill();
    cut(0, 1);
    world.run(late);
    world.host(1).start();
    ASSERT_TRUE(world.run_until([this] { return both(); }, 10s, 10ms));
    ASSERT_TRUE(world.run_until([this] { return path(0, 1).state == paths::State::up; }, 2s, 10ms));
    const std::string relay = path(0, 1).relay;
    EXPECT_TRUE(stays_whole(15s)) << "after " << seconds(late) << " s";
    EXPECT_EQ(path(0, 1).relay, relay) << "a relay that works was given up";
    EXPECT_EQ(path(0, 1).state, paths::State::up);
    EXPECT_EQ(path(1, 0).state, paths::State::up);
    paths().heal_all();
    ASSERT_TRUE(world.run_until([this] { return calm(); }, 60s)) << world.crooked();
  }
}

TEST_F(Paths, StayAsTheyAreWhileADaemonStartsAgain) {
  for (const bool relayed : {false, true}) {
    if (relayed) cut(0, 1);
    ASSERT_TRUE(world.run_until([this] { return both(); }, 10s, 10ms));
    ASSERT_TRUE(stays_whole(3s));
    const paths::Kind kind = path(0, 1).kind;
    EXPECT_EQ(kind, relayed ? paths::Kind::relay : paths::Kind::direct);
    for (const HostIndex host : {HostIndex{0}, HostIndex{1}}) {
      world.host(host).kill();
      EXPECT_TRUE(stays_whole(5s)) << "without a daemon";
      world.host(host).start();
      EXPECT_TRUE(stays_whole(15s)) << "from its start on, relayed: " << relayed;
    }
    EXPECT_EQ(path(0, 1).kind, kind);
  }
}

TEST_F(Paths, GoInVxlanWhereOnlyThatWorks) {
  paths().cut(0, 1, Way::direct);
  ASSERT_TRUE(world.run_until([this] { return both(); }, 5s, 10ms));
  world.run(5s);
  EXPECT_EQ(path(0, 1).kind, paths::Kind::vxlan);
  EXPECT_TRUE(both());
}

TEST_F(Paths, AreKnownByTheSizeThatPasses) {
  paths().narrow(0, 1, 1400);
  EXPECT_TRUE(world.run_until([this] { return path(0, 1).mtu == 1400; }, 60s));
  EXPECT_TRUE(paths().delivers(0, 1, 1450)) << "in pieces";
  EXPECT_EQ(path(0, 2).mtu, 1450u);
  paths().heal_all();
  EXPECT_TRUE(world.run_until([this] { return calm(); }, 60s)) << world.crooked();
}

/// Cuts that come and go; each relay in a kernel answers for itself.
TEST_F(Paths, LeadThroughARelayOnlyWhileTheStraightOneIsCut) {
  Rng rng(7);
  std::map<std::pair<HostIndex, HostIndex>, Time> last_cut;
  std::size_t relayed = 0;
  for (int step = 0; step < 3000; ++step) {
    const HostIndex a = rng.below(world.size());
    const HostIndex b = rng.below(world.size());
    if (rng.one_in(40) && a != b) cut(a, b);
    if (rng.one_in(60)) paths().heal(a, b);
    if (rng.one_in(400)) {
      world.host(a).kill();
      world.host(a).start();
    }
    ASSERT_TRUE(world.run(100ms)) << world.verdict().text();
    for (HostIndex from = 0; from < world.size(); ++from) {
      for (HostIndex to = 0; to < world.size(); ++to) {
        const std::pair pair(from, to);
        if (!paths().is_whole(from, to)) last_cut[pair] = world.time();
        const auto ways = world.host(from).kernel().ways();
        const auto way = ways.find(vtep_mac(world.host(to).id()));
        if (way == ways.end() || !way->second.relay) continue;
        ++relayed;
        EXPECT_TRUE(last_cut.contains(pair)) << host_name(from) << " to " << host_name(to);
        EXPECT_LT(world.time() - last_cut[pair], 10s) << host_name(from) << " to " << host_name(to);
      }
    }
  }
  EXPECT_GT(relayed, 1000u) << "or nothing was tried";
  EXPECT_GT(world.invariants().checked().at("no relay loop"), 100u);
  paths().heal_all();
  EXPECT_TRUE(world.run_until([this] { return calm(); }, 60s)) << world.unsettled() << world.crooked();
}

class PathSwarm : public testing::TestWithParam<std::uint64_t> {};

TEST_P(PathSwarm, HoldsAllInvariantsAndComesRight) {
  Plan plan = draw_plan(GetParam(), 3 + GetParam() % 5, 2min, std::nullopt);
  plan.faults.insert(Fault::path);
  for (const Fault twins : {Fault::copy, Fault::rollback}) plan.faults.erase(twins);  // two with one VTEP
  plan.options.data_paths = true;
  const auto report = run(plan);
  EXPECT_TRUE(report.good()) << report.broken;
}

INSTANTIATE_TEST_SUITE_P(Seeds, PathSwarm, testing::Range<std::uint64_t>(3000, 3012));

}  // namespace
}  // namespace overlay::sim
