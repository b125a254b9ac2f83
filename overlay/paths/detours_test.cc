// SPDX-License-Identifier: Apache-2.0
// Ways around what is down: found soon, by both ends, kept while they work, and never in a circle.
#include "overlay/paths/prober.h"

#include <gtest/gtest.h>

#include "overlay/paths/test_network.h"

namespace overlay::paths {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::id_of;
using test::Network;
using test::number_of;

/// Whether nothing is lost between the two for so long.
bool stays_whole(Network& network, Duration span) {
  return !network.run_until(span, [&] { return !network.both(0, 1); });
}

TEST(Detours, MovesTrafficToARelayWithinThreeSecondsOfASilentCutAndBack) {
  Network network(64);
  network.run(seconds(10));
  Duration longest{};
  for (int cut = 0; cut < 8; ++cut) {
    network.cut(3, 40);
    const auto took = network.run_until(seconds(3), [&] { return network.both(3, 40); });
    ASSERT_TRUE(took);
    longest = std::max(longest, *took);
    EXPECT_EQ(network.path(3, 40).choice.kind, Kind::relay);
    network.run(seconds(1));
    EXPECT_EQ(network.path(3, 40).state, State::up) << "of the way chosen";
    network.heal();
    const auto straight = [&](std::size_t from, std::size_t to) {
      return network.path(from, to).choice.kind == Kind::vxlan;
    };
    EXPECT_TRUE(network.run_until(seconds(10), [&] { return straight(3, 40) && straight(40, 3); }));
    network.run(milliseconds(2000 + 70 * cut));
  }
  RecordProperty("longest_ms", std::to_string(longest / milliseconds(1)));
}

TEST(Detours, FindsOneRelayForBothEndsOfAnEncryptedPathAndLeavesIt) {
  Network network(16, false, Kind::wireguard);
  network.run(seconds(5));
  for (int cut = 0; cut < 8; ++cut) {
    network.cut(3, 9);
    ASSERT_TRUE(network.run_until(seconds(5), [&] { return network.both(3, 9); }));
    network.run(seconds(2));
    EXPECT_EQ(network.path(3, 9).choice.kind, Kind::relay);
    EXPECT_EQ(network.path(3, 9).choice, network.path(9, 3).choice);
    EXPECT_EQ(network.path(3, 9).state, State::up) << "of the way chosen";
    network.heal();
    EXPECT_TRUE(network.run_until(seconds(10), [&] {
      return network.path(3, 9).choice.kind == Kind::wireguard &&
             network.path(9, 3).choice.kind == Kind::wireguard;
    }));
    network.run(milliseconds(2000 + 70 * cut));
    EXPECT_TRUE(network.both(3, 9));
  }
}

/// Whatever the tunnel takes: what comes back from the other end goes straight, and is lost, until that has a
/// relay.
TEST(Detours, StaysWithARelayThatTheOtherEndTakesLater) {
  for (const Kind tunnel : {Kind::vxlan, Kind::wireguard}) {
    for (const Duration late : {milliseconds(700), milliseconds(1900), milliseconds(6000)}) {
      Network network(3, false, tunnel);
      network.run(seconds(5));
      network.cut(0, 1);
      network.jam(1);
      ASSERT_TRUE(
          network.run_until(seconds(3), [&] { return network.path(0, 1).choice.kind == Kind::relay; }));
      network.run(late);
      network.jam(1, false);
      const auto both_up = [&] {
        return network.path(0, 1).state == State::up && network.path(1, 0).state == State::up;
      };
      EXPECT_TRUE(network.run_until(seconds(5), both_up)) << "after " << overlay::seconds(late);
      EXPECT_FALSE(network.run_until(seconds(30), [&] { return !both_up() || !network.both(0, 1); }));
    }
  }
}

/// Its paths all up, as `now` is after that.
Prober among(std::size_t peers, Time& now) {
  Prober prober(id_of(0), Rng(1));
  prober.set_mtu(test::mtu);
  for (std::size_t i = 1; i <= peers; ++i) prober.put({id_of(i), static_cast<std::uint16_t>(i), false}, now);
  for (const Time end = now + seconds(4); now < end; now += milliseconds(10)) {
    prober.tick(now);
    for (const Probe& probe : prober.take_probes()) prober.answered(probe.nonce, now);
  }
  prober.applied();
  return prober;
}

TEST(Detours, BeginWithTheOtherEndBeingToldToLook) {
  Time now{};
  Prober prober = among(3, now);
  while (prober.path(id_of(2))->state == State::up) {
    prober.tick(now += milliseconds(10));
    for (const Probe& probe : prober.take_probes()) {
      if (probe.peer != id_of(2)) prober.answered(probe.nonce, now);
    }
  }
  const auto questions = prober.take_questions();
  const auto told = std::ranges::find(questions, id_of(2), &Question::to);
  ASSERT_NE(told, questions.end());
  EXPECT_EQ(told->about, std::vector{id_of(0)});
}

TEST(Detours, AreLookedForByWhoIsToldThatThePathMayBeDown) {
  Time now{};
  Prober prober = among(3, now);
  prober.asked(id_of(2), 7, {id_of(2)}, now += milliseconds(150));
  const auto probes = prober.take_probes();
  ASSERT_EQ(probes.size(), 1u);
  EXPECT_EQ(probes.front().peer, id_of(2));
}

TEST(Detours, AgreesOnAnotherRelayWhenTheFirstOneServesOneEndAlone) {
  Network network(5, false, Kind::wireguard);
  network.run(seconds(5));
  network.cut(3, 4);
  network.cut(0, 4);
  ASSERT_TRUE(network.run_until(seconds(30), [&] { return network.both(3, 4); }));
  EXPECT_NE(number_of(network.path(3, 4).choice.relay), 0u);
}

TEST(Detours, LosesNothingOnTheWayBackFromARelay) {
  Network network(5);
  network.run(seconds(5));
  network.cut(0, 1);
  ASSERT_TRUE(network.run_until(seconds(3), [&] { return network.both(0, 1); }));
  network.heal();
  EXPECT_TRUE(stays_whole(network, seconds(20)));
  EXPECT_EQ(network.path(0, 1).choice, Choice());
}

TEST(Detours, ChoosesAnotherRelayWhenTheFirstIsCutOffToo) {
  Network network(4);
  network.run(seconds(5));
  network.cut(0, 1);
  ASSERT_TRUE(network.run_until(seconds(3), [&] { return network.both(0, 1); }));
  const std::size_t first = number_of(network.path(0, 1).choice.relay);
  network.cut(first, 1);
  EXPECT_TRUE(network.run_until(seconds(5), [&] { return network.both(0, 1); }));
  EXPECT_NE(number_of(network.path(0, 1).choice.relay), first);
}

TEST(Detours, UsesNoRelayThatSaysYesAndDropsEverything) {
  Network network(4);
  network.run(seconds(5));
  network.forbid_forwarding(2);
  network.cut(0, 1);
  const auto settled = [&] { return network.both(0, 1) && network.path(0, 1).state == State::up; };
  ASSERT_TRUE(network.run_until(seconds(60), settled));
  EXPECT_EQ(number_of(network.path(0, 1).choice.relay), 3u);
}

/// Until one of them leaves its relay, the answers to what goes straight are lost there.
TEST(Detours, LeavesRelaysThatBothDropEverythingWhenTheStraightWayIsBack) {
  Network network(3);
  network.run(seconds(5));
  network.cut(0, 1);
  ASSERT_TRUE(network.run_until(seconds(3), [&] { return network.both(0, 1); }));
  network.forbid_forwarding(2);
  network.run(seconds(5));
  network.heal();
  EXPECT_TRUE(network.run_until(seconds(10), [&] { return network.both(0, 1); }));
  EXPECT_TRUE(stays_whole(network, seconds(30)));
}

TEST(Detours, KeepsTheStraightWayWhereNobodyReachesTheOtherEnd) {
  Network network(4);
  network.run(seconds(5));
  for (std::size_t i = 0; i < 3; ++i) network.cut(i, 3);
  network.run(seconds(30));
  EXPECT_EQ(network.path(0, 3).state, State::down);
  EXPECT_EQ(network.path(0, 3).choice, Choice());
}

TEST(Detours, LeavesARelayWhoseDaemonDiedWhereItIs) {
  Network network(4);
  network.run(seconds(5));
  network.cut(0, 1);
  ASSERT_TRUE(network.run_until(seconds(3), [&] { return network.both(0, 1); }));
  const std::size_t relay = number_of(network.path(0, 1).choice.relay);
  network.kill(relay);
  network.run(seconds(30));
  EXPECT_EQ(number_of(network.path(0, 1).choice.relay), relay) << "its kernel goes on passing packets on";
}

TEST(Detours, GoesOnByTheSameRelayAfterARestartUntilTheStraightWayIsBack) {
  Network network(5);
  network.run(seconds(5));
  network.cut(0, 1);
  ASSERT_TRUE(network.run_until(seconds(3), [&] { return network.both(0, 1); }));
  network.run(seconds(2));
  const NodeId relay = network.path(0, 1).choice.relay;
  network.restart(0);
  EXPECT_EQ(network.path(0, 1).choice.relay, relay);
  EXPECT_TRUE(stays_whole(network, seconds(30)));
  EXPECT_EQ(network.path(0, 1).choice.relay, relay);
  EXPECT_EQ(network.path(0, 1).state, State::up);
  network.restart(1);
  network.heal();
  EXPECT_TRUE(stays_whole(network, seconds(20)));
  EXPECT_EQ(network.path(0, 1).choice, Choice());
  EXPECT_EQ(network.path(1, 0).choice, Choice());
}

TEST(Detours, LeavesAnInheritedRelayThatDoesNotWorkAnyMore) {
  Network network(5);
  network.run(seconds(5));
  network.cut(0, 1);
  ASSERT_TRUE(network.run_until(seconds(3), [&] { return network.both(0, 1); }));
  const std::size_t relay = number_of(network.path(0, 1).choice.relay);
  network.cut(relay, 0);
  network.restart(0);
  EXPECT_TRUE(network.run_until(seconds(10), [&] { return network.both(0, 1); }));
  EXPECT_NE(number_of(network.path(0, 1).choice.relay), relay);
}

/// Trouble of all kinds, for a long time: delivers() fails the test on a loop, whatever else happens.
TEST(Detours, NeverSendsPacketsInACircle) {
  Rng rng(11);
  for (int world = 0; world < 6; ++world) {
    Network network(7, rng.one_in(2));
    network.run(seconds(5));
    for (int round = 0; round < 40; ++round) {
      if (rng.one_in(3)) network.heal();
      for (std::uint64_t i = rng.below(8); i > 0; --i) network.cut(rng.below(7), rng.below(7));
      for (std::uint64_t i = rng.below(8); i > 0; --i) network.cut_direct(rng.below(7), rng.below(7));
      for (std::uint64_t i = rng.below(4); i > 0; --i) network.make_lossy(rng.below(7), rng.below(7));
      network.jam(rng.below(7), rng.one_in(2));
      if (rng.one_in(4)) network.restart(rng.below(7));
      for (int look = 0; look < 40; ++look) {
        network.run(milliseconds(100));
        for (std::size_t from = 0; from < 7; ++from) {
          for (std::size_t to = 0; to < 7; ++to) network.delivers(from, to);
        }
      }
    }
  }
}

}  // namespace
}  // namespace overlay::paths
