// SPDX-License-Identifier: Apache-2.0
// Goal: probes stay within their budgets, however many peers there are, and find a cut as soon as those
// allow.
#include <gtest/gtest.h>

#include "overlay/paths/test_prober.h"

namespace overlay::paths {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::id_of;
using test::mtu;
using test::Notice;
using test::notice;
using test::number_of;

TEST(Budget, KeepsItsBudgetWithThousandsOfPeersUpOrDown) {
  constexpr std::size_t peers = 5000;
  for (const bool answers : {true, false}) {
    Prober prober(id_of(0), Rng(1));
    prober.set_mtu(mtu);
    Time now{};
    for (std::size_t i = 1; i <= peers; ++i)
      prober.put({id_of(i), static_cast<std::uint16_t>(i), false}, now);
    std::size_t sent = 0;
    constexpr int span = 120;
    for (const Time end = now + seconds(span); now < end; now += milliseconds(5)) {
      prober.tick(now);
      for (const Probe& probe : prober.take_probes()) {
        ++sent;
        if (answers) prober.answered(probe.nonce, now);
      }
    }
    EXPECT_LE(sent, static_cast<std::size_t>(span * (probes_per_second * 12 / 10 + extra_per_second)));
    EXPECT_GE(sent, peers * 4) << "and each is probed";
  }
}

TEST(Budget, AsksFewQuestionsWhenThousandsAreDown) {
  constexpr std::size_t peers = 2000;
  Prober prober(id_of(0), Rng(1));
  prober.set_mtu(mtu);
  Time now{};
  for (std::size_t i = 1; i <= peers; ++i) prober.put({id_of(i), static_cast<std::uint16_t>(i), false}, now);
  std::size_t questions = 0;
  for (const Time end = now + seconds(300); now < end; now += milliseconds(5)) {
    prober.tick(now);
    for (const Probe& probe : prober.take_probes()) {
      if (number_of(probe.peer) % 2 == 0 || now < Time(seconds(30))) prober.answered(probe.nonce, now);
    }
    for (const Question& question : prober.take_questions()) {
      ++questions;
      prober.told(question.to, question.nonce, {}, now);
    }
  }
  EXPECT_GT(questions, 0u);
  EXPECT_LT(questions, 300u * 20) << "twenty a second";
}

TEST(Budget, NoticesACutWithinThreeSecondsWhereThereAreFewPeersOrPodsSendThere) {
  EXPECT_LT(notice(64, false, 9).longest, milliseconds(2500)) << "which leaves half a second to find a relay";
  EXPECT_LT(notice(500, true, 5).longest, milliseconds(2500));
}

TEST(Budget, NoticesACutAsSoonAsTheBudgetOfProbesAllows) {
  for (const std::size_t peers : {100, 250, 500}) {
    const Notice idle = notice(peers, false, 5);
    const Notice busy = notice(peers, true, 5);
    EXPECT_LT(idle.longest, Prober::interval(peers) + milliseconds(2500));
    EXPECT_LT(busy.longest, milliseconds(2500));
  }
}

TEST(Budget, KeepsABudgetForThoseThatPodsSendTo) {
  constexpr std::size_t peers = 2000;
  Prober prober(id_of(0), Rng(1));
  prober.set_mtu(mtu);
  Time now{};
  std::vector<NodeId> all;
  for (std::size_t i = 1; i <= peers; ++i) {
    prober.put({id_of(i), static_cast<std::uint16_t>(i), false}, now);
    all.push_back(id_of(i));
  }
  std::size_t sent = 0;
  constexpr int span = 60;
  for (const Time end = now + seconds(span); now < end; now += milliseconds(5)) {
    // To all, then to none: what was busy does not get the budget of one.
    if (now.time_since_epoch() % seconds(2) == Duration()) {
      prober.carries(now < Time(seconds(span / 2)) ? all : std::vector<NodeId>(), now);
    }
    prober.tick(now);
    for (const Probe& probe : prober.take_probes()) {
      ++sent;
      prober.answered(probe.nonce, now);
    }
  }
  EXPECT_LE(sent, span * (probes_per_second * 12u / 10 + busy_per_second + extra_per_second));
}

}  // namespace
}  // namespace overlay::paths
