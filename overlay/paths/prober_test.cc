// SPDX-License-Identifier: Apache-2.0
// What probers find out of paths, and which way they choose.
#include "overlay/paths/prober.h"

#include <gtest/gtest.h>

#include "overlay/paths/test_network.h"

namespace overlay::paths {
namespace {

using std::chrono::seconds;
using test::id_of;
using test::mtu;
using test::Network;
using test::number_of;

TEST(Prober, SeesEveryPathComeUp) {
  Network network(8);
  network.run(seconds(3));
  for (std::size_t i = 1; i < 8; ++i) {
    EXPECT_EQ(network.path(0, i).state, State::up);
    EXPECT_EQ(network.path(0, i).choice, Choice());
    EXPECT_EQ(network.path(0, i).carries, 0u);
  }
  EXPECT_FALSE(network.at(0).path(id_of(99)));
}

TEST(Prober, SeesAPathWorkWhoseOtherEndHasNoDaemon) {
  Network network(4);
  network.run(seconds(5));
  network.kill(1);
  network.run(seconds(30));
  EXPECT_EQ(network.path(0, 1).state, State::up);
  network.cut(0, 2);
  EXPECT_TRUE(network.run_until(seconds(4), [&] { return network.both(0, 2); }));
  EXPECT_EQ(number_of(network.path(0, 2).choice.relay), 3u)
      << "a daemon that does not answer promises nothing";
}

TEST(Prober, GoesOnPastVxlanAfterARestart) {
  Network network(3, true);
  network.run(seconds(5));
  ASSERT_EQ(network.path(0, 1).choice.kind, Kind::direct);
  network.restart(0);
  EXPECT_EQ(network.path(0, 1).choice.kind, Kind::direct);
  EXPECT_EQ(network.path(0, 1).state, State::unknown);
  network.run(seconds(5));
  EXPECT_EQ(network.path(0, 1).state, State::up);
  network.cut_direct(0, 1);
  network.restart(0);
  EXPECT_TRUE(network.run_until(seconds(10), [&] { return network.both(0, 1); }));
  network.run(seconds(10));
  EXPECT_EQ(network.path(0, 1).choice.kind, Kind::vxlan) << "what is inherited is not believed for ever";
}

TEST(Prober, KeepsTheSizeThatPassesOverARestart) {
  Network network(3);
  network.narrow(0, 1, 1350);
  ASSERT_TRUE(network.run_until(seconds(20), [&] { return network.path(0, 1).choice.mtu == 1350; }));
  network.run(seconds(1));
  network.restart(0);
  EXPECT_EQ(network.path(0, 1).choice.mtu, 1350u);
  EXPECT_TRUE(network.run_until(seconds(40), [&] { return network.path(0, 1).carries == 1350u; }));
}

TEST(Prober, GoesPastVxlanToANeighbourAndBackWhenThatFails) {
  Network network(3, true);
  network.run(seconds(5));
  EXPECT_EQ(network.path(0, 1).choice.kind, Kind::direct);
  network.cut_direct(0, 1);
  ASSERT_TRUE(network.run_until(seconds(3), [&] { return network.both(0, 1); }));
  EXPECT_EQ(network.path(0, 1).choice.kind, Kind::vxlan);
  EXPECT_EQ(network.path(0, 1).direct, State::down);
  network.heal();
  network.run(seconds(10));
  EXPECT_EQ(network.path(0, 1).choice.kind, Kind::direct);
  network.at(0).put({id_of(1), 2, false}, network.time());
  EXPECT_EQ(network.path(0, 1).choice.kind, Kind::vxlan) << "on another subnet now";
}

TEST(Prober, NamesABlackHoleAndTheSizeThatPasses) {
  Network network(3);
  network.narrow(0, 1, 1350);
  const auto found = network.run_until(seconds(20), [&] { return network.path(0, 1).choice.mtu == 1350; });
  ASSERT_TRUE(found);
  EXPECT_EQ(network.path(0, 1).state, State::up);
  EXPECT_EQ(network.path(0, 1).carries, 1350u);
  EXPECT_EQ(network.path(0, 2).choice.mtu, 0u) << "nobody else is made smaller for it";
  network.narrow(0, 1, mtu);
  EXPECT_TRUE(network.run_until(seconds(20), [&] { return network.path(0, 1).choice.mtu == 0; }));
}

TEST(Prober, CountsWhatItsProbesShow) {
  Network network(3);
  network.run(seconds(10));
  EXPECT_GT(network.at(0).figures().probes, 30u);
  EXPECT_EQ(network.at(0).figures().lost, 0u);
  EXPECT_EQ(network.at(0).figures().loss.sum, 0);
  EXPECT_GT(network.at(0).figures().rtt.counts.front(), 30u);
  network.cut(0, 1);
  network.run(seconds(10));
  EXPECT_GT(network.at(0).figures().lost, 3u);
  EXPECT_GT(network.at(0).figures().loss.sum, 0);
}

TEST(Prober, ForgetsPeersThatGo) {
  Network network(4);
  network.run(seconds(2));
  for (std::size_t i = 1; i < 4; ++i) network.at(0).remove(id_of(i));
  EXPECT_FALSE(network.at(0).path(id_of(1)));
  EXPECT_EQ(network.at(0).next_deadline(), Time::max());
}

TEST(Prober, BelievesOnlyAnswersToWhatItAsked) {
  Prober prober(id_of(8), Rng(1));
  prober.put({id_of(1), 1, false}, {});
  prober.told(id_of(1), 5, {id_of(1)}, {});
  prober.answered(1, {});
  EXPECT_TRUE(prober.take_changes().empty());
  prober.asked(id_of(9), 5, {id_of(1), id_of(7)}, {});
  const auto answers = prober.take_answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers.front().peers.empty()) << "one it has not seen, one it does not know";
}

}  // namespace
}  // namespace overlay::paths
