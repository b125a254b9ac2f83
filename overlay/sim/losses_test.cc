// SPDX-License-Identifier: Apache-2.0
// Goal: what is lost for good stays lost without harm: voters and what they granted, a host whose blocks
// another takes over, the end of a log; and who only reads slowly is not lost.
#include <gtest/gtest.h>

#include <algorithm>

#include "overlay/sim/test_world.h"
#include "overlay/wire/log_entry.h"

namespace overlay::sim {
namespace {

using namespace std::chrono_literals;

class Losses : public testing::Test {
 protected:
  void start(const Options& options, std::size_t hosts) {
    world.emplace(options);
    for (HostIndex i = 0; i < hosts; ++i) world->host(i).start();
    ASSERT_TRUE(becomes(30s, [&] {
      for (HostIndex i = 0; i < hosts; ++i) {
        if (!view(i).ready() || view(i).peers.size() != hosts) return false;
      }
      return true;
    }));
  }
  ~Losses() override { EXPECT_EQ(world ? world->verdict().text() : "", ""); }

  testing::AssertionResult becomes(Duration within, const std::function<bool()>& condition) {
    return sim::becomes(*world, within, condition);
  }
  testing::AssertionResult comes_right(Duration within) { return sim::comes_right(*world, within); }
  node::View view(HostIndex i) const { return world->host(i).view(); }
  bool ready(HostIndex i) const { return world->host(i).running() && view(i).ready(); }
  std::string waits_for(HostIndex i) const {
    return world->host(i).running() && !view(i).ready() ? view(i).waiting_for.front() : "";
  }
  bool is_missed(HostIndex gone, const std::vector<HostIndex>& by) const {
    return std::ranges::all_of(by, [&](HostIndex i) {
      return std::ranges::none_of(view(i).peers, [&](const node::PeerView& peer) {
        return peer.id == world->host(gone).id() && peer.reachable;
      });
    });
  }
  std::vector<Prefix> blocks_of(HostIndex at, HostIndex owner) const {
    const auto peers = view(at).peers;
    const auto peer = std::ranges::find(peers, world->host(owner).id(), &node::PeerView::id);
    return peer == peers.end() ? std::vector<Prefix>() : peer->blocks;
  }
  std::string order(HostIndex at, const Host::Order& order) {
    const auto call = world->host(at).ask(order);
    const auto& answers = world->host(at).answers();
    if (!world->run_until([&] { return answers.contains(call); }, 10s)) return "none";
    return answers.at(call) ? "done" : answers.at(call).error().text;
  }

  std::optional<World> world;
};

TEST_F(Losses, AfterARecoveryWhatWasFreeIsHeldBackForAnHour) {
  start({.seed = 51, .hosts = 4, .choose_voters = false}, 3);
  const std::string cluster = view(1).cluster->short_hex();
  world->host(0).power_off();  // the only voter
  ASSERT_TRUE(becomes(10s, [&] { return is_missed(0, {1, 2}); }));
  EXPECT_EQ(
      order(1, [&](node::Node& node, node::CallId call, Time now) { node.recover(call, cluster, now); }),
      "done");
  world->host(3).set_join({{host_name(1), mesh_port}, {host_name(2), mesh_port}});
  world->host(3).start();
  const Time recovered = world->time();
  ASSERT_TRUE(becomes(150s, [&] {
    return waits_for(3).find("the cluster was recovered, and what was free then is held back for") !=
           std::string::npos;
  })) << waits_for(3);
  world->run(recovered + 59min - world->time());
  EXPECT_FALSE(ready(3)) << "the lost voter may have granted any of it";
  EXPECT_TRUE(becomes(3min, [&] { return ready(3); })) << waits_for(3);
}

TEST_F(Losses, WhatWasReturnedSinceARecoveryIsNotHeldBack) {
  start({.seed = 52, .hosts = 4, .choose_voters = false}, 3);
  const std::string cluster = view(1).cluster->short_hex();
  world->host(0).power_off();
  ASSERT_TRUE(becomes(10s, [&] { return is_missed(0, {1, 2}); }));
  ASSERT_EQ(
      order(1, [&](node::Node& node, node::CallId call, Time now) { node.recover(call, cluster, now); }),
      "done");
  ASSERT_TRUE(becomes(90s, [&] { return view(2).voters == std::vector<std::string>{"n2"}; }));
  world->host(2).set_join({{host_name(1), mesh_port}});
  const NodeId before = world->host(2).id();
  world->host(2).leave(false);
  ASSERT_TRUE(becomes(150s, [&] { return world->host(2).id() != before && ready(2); }))
      << "what it gave back it may have as another";
}

TEST_F(Losses, AnHeirTakesTheBlocksOverWithTheirRoutes) {
  start({.seed = 53, .hosts = 4, .choose_voters = false}, 4);
  for (int i = 0; i < 3; ++i) world->host(3).runtime().add("c" + std::to_string(i), world->time());
  world->host(3).poke_runtime();
  ASSERT_TRUE(comes_right(5s));
  const auto blocks = blocks_of(0, 3);
  ASSERT_EQ(blocks.size(), 1U);
  world->host(3).power_off();
  ASSERT_TRUE(becomes(10s, [&] { return is_missed(3, {0, 1, 2}); }));
  EXPECT_EQ(order(1,
                  [](node::Node& node, node::CallId call, Time now) {
                    node.forget(call, {{"n4"}, "n3"}, now);
                  }),
            "done");
  ASSERT_TRUE(becomes(5s, [&] {
    const auto& routes = world->host(0).kernel().routes();
    const auto route = routes.find(blocks.front());
    const auto owned = blocks_of(0, 2);
    return std::ranges::find(owned, blocks.front()) != owned.end() && route != routes.end() &&
           route->second.underlay == world->network().address(2);
  }));
  EXPECT_EQ(blocks_of(2, 2).size(), 2U);
  EXPECT_FALSE(world->host(2).kernel().routes().contains(blocks.front())) << "it is its own now";
}

/// What a disk that lies, or a file system check, may leave of a log: its beginning.
TEST_F(Losses, AHostWhoseLogHasLostItsEndComesRight) {
  for (std::size_t kept = 1;; kept += 3) {
    start({.seed = 600 + kept, .hosts = 3, .choose_voters = false}, 3);
    for (int i = 0; i < 4; ++i) world->host(1).runtime().add("c" + std::to_string(i), world->time());
    world->host(1).poke_runtime();
    ASSERT_TRUE(comes_right(5s));
    Image image = world->host(1).image();
    if (kept >= image.entries.size()) break;
    // As in a log that was compacted, the numbers of peers stand behind their records.
    std::ranges::stable_partition(image.entries, [](const Bytes& entry) {
      return !std::holds_alternative<wire::PeerIndexEntry>(wire::decode_entry(entry).value());
    });
    image.entries.resize(kept);
    world->host(1).power_off();
    world->host(1).restore(image);
    world->host(1).start();
    ASSERT_TRUE(comes_right(60s)) << "with " << kept << " entries";
    ASSERT_EQ(world->verdict().text(), "") << "with " << kept << " entries";
  }
}

TEST_F(Losses, ALogOfWhichNothingIsLeftMakesANewNodeAndTheOldOneIsForgotten) {
  start({.seed = 54, .hosts = 3, .choose_voters = false}, 3);
  const std::string old = world->host(2).id().hex();
  world->host(2).power_off();
  world->host(2).restore({KeyPair::from_seed(SecretSeed{{9}}), {}});
  world->host(2).start();
  ASSERT_TRUE(becomes(30s, [&] { return ready(2) && view(0).peers.size() == 4; }));
  world->run(10s);  // until nobody thinks that the old one is there
  EXPECT_EQ(order(0,
                  [&](node::Node& node, node::CallId call, Time now) {
                    node.forget(call, {{old}, ""}, now);
                  }),
            "done");
  EXPECT_TRUE(comes_right(10s));
}

TEST_F(Losses, ASlowReaderIsCaughtUpAndCostsNobodyMemory) {
  start({.seed = 55, .hosts = 6, .block_length_v4 = 28, .choose_voters = false}, 6);
  world->network().throttle(5, 2048);
  for (int round = 0; round < 20; ++round) {
    for (HostIndex i = 0; i < 5; ++i) {
      for (int k = 0; k < 3; ++k)
        world->host(i).runtime().add("c" + std::to_string(10 * round + k), world->time());
      world->host(i).poke_runtime();
    }
    world->run(3s);
  }
  EXPECT_LT(world->network().most_unsent(), 256U * 1024);
  for (HostIndex i = 0; i < 5; ++i) {
    for (HostIndex k = 0; k < 5; ++k) EXPECT_FALSE(is_missed(k, {i})) << "the others wait for nobody";
  }
  world->network().throttle(5, 0);
  EXPECT_TRUE(comes_right(60s));
}

}  // namespace
}  // namespace overlay::sim
