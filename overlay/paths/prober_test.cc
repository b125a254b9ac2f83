// SPDX-License-Identifier: Apache-2.0
// Many probers on a network whose paths are cut, narrowed and healed, in virtual time.
#include "overlay/paths/prober.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>

#include "overlay/paths/test_prober.h"

namespace overlay::paths {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::id_of;
using test::mtu;
using test::number_of;

/// Hosts with a prober and a kernel each. The kernels take up choices some time after they were made.
class Network {
 public:
  explicit Network(std::size_t size, bool neighbours = false, Kind tunnel = Kind::vxlan)
      : neighbours_(neighbours), tunnel_(tunnel), kernels_(size) {
    for (std::size_t i = 0; i < size; ++i) {
      probers_.emplace_back(Rng(i + 1));
      probers_[i].set_mtu(mtu);
    }
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j) {
        if (i != j) probers_[i].put({id_of(j), static_cast<std::uint16_t>(j + 1), neighbours, tunnel}, now_);
      }
    }
  }

  Time time() const { return now_; }
  Prober& at(std::size_t number) { return probers_[number]; }
  PathView path(std::size_t from, std::size_t to) { return *probers_[from].path(id_of(to)); }

  void cut(std::size_t a, std::size_t b) { cut_.insert({std::min(a, b), std::max(a, b)}); }
  void cut_direct(std::size_t a, std::size_t b) { cut_direct_.insert({std::min(a, b), std::max(a, b)}); }
  /// Some of the packets there are lost.
  void make_lossy(std::size_t a, std::size_t b) { lossy_.insert({std::min(a, b), std::max(a, b)}); }
  void heal() {
    cut_.clear();
    cut_direct_.clear();
    lossy_.clear();
  }
  void narrow(std::size_t a, std::size_t b, std::size_t size) {
    narrow_[{std::min(a, b), std::max(a, b)}] = size;
  }
  /// Its daemon does nothing any more; its kernel goes on.
  void kill(std::size_t number) { dead_.insert(number); }
  /// Its daemon starts again, above a kernel that went on.
  void restart(std::size_t number) {
    probers_[number] = Prober(Rng(rng_.next()));
    probers_[number].set_mtu(mtu);
    std::erase_if(changes_, [&](const auto& change) { return change.first == number; });
    for (std::size_t i = 0; i < probers_.size(); ++i) {
      if (i != number)
        probers_[number].put({id_of(i), static_cast<std::uint16_t>(i + 1), neighbours_, tunnel_}, now_);
    }
    for (const auto& [peer, choice] : kernels_[number]) probers_[number].inherit(id_of(peer), choice, now_);
  }
  /// It drops what it should pass on.
  void forbid_forwarding(std::size_t number) { not_forwarding_.insert(number); }
  /// Its kernel takes no more choices up.
  void jam(std::size_t number, bool jammed = true) {
    jammed ? void(jammed_.insert(number)) : void(jammed_.erase(number));
  }

  void run(Duration span) {
    for (const Time end = now_ + span; now_ < end; now_ += milliseconds(5)) step();
  }
  /// How long it took; nothing when it took longer than `limit`.
  std::optional<Duration> run_until(Duration limit, const std::function<bool()>& done) {
    for (const Time begin = now_; now_ - begin < limit; now_ += milliseconds(5)) {
      step();
      if (done()) return now_ - begin;
    }
    return std::nullopt;
  }

  /// Whether the kernels carry a packet of a pod there; a loop fails the test.
  bool delivers(std::size_t from, std::size_t to, std::size_t size = 100) {
    std::size_t at = from;
    for (std::size_t hops = 0; at != to; ++hops) {
      if (hops > probers_.size()) {
        ADD_FAILURE() << "a loop from " << from << " to " << to << " at " << seconds_since_start();
        return false;
      }
      if (hops > 0 && not_forwarding_.contains(at)) return false;
      const Choice choice = kernels_[at][to];
      const std::size_t next = choice.kind == Kind::relay ? number_of(choice.relay) : to;
      if (!passes(at, next, choice.kind, size) || !takes(next, from, at)) return false;
      at = next;
    }
    return true;
  }
  bool both(std::size_t a, std::size_t b) { return delivers(a, b) && delivers(b, a); }

  std::size_t probes() const { return probes_sent_; }

 private:
  double seconds_since_start() const { return overlay::seconds(now_.time_since_epoch()); }

  bool passes(std::size_t a, std::size_t b, Kind way, std::size_t size) {
    const std::pair key{std::min(a, b), std::max(a, b)};
    if (way == Kind::direct) return !cut_direct_.contains(key);
    if (lossy_.contains(key) && rng_.one_in(3)) return false;
    const auto narrow = narrow_.find(key);
    return !cut_.contains(key) && (narrow == narrow_.end() || size <= narrow->second);
  }

  /// WireGuard takes what comes from a host by whom it would answer; VXLAN takes all.
  bool takes(std::size_t here, std::size_t from, std::size_t by) {
    if (tunnel_ != Kind::wireguard) return true;
    const Choice choice = kernels_[here][from];
    return by == (choice.kind == Kind::relay ? number_of(choice.relay) : from);
  }

  void step() {
    for (std::size_t i = 0; i < probers_.size(); ++i) {
      if (dead_.contains(i)) continue;
      if (probers_[i].next_deadline() <= now_) probers_[i].tick(now_);
      carry(i);
      for (const NodeId& peer : probers_[i].take_changes()) changes_.push_back({i, number_of(peer)});
    }
    take_up_choices();
  }

  void take_up_choices() {
    std::set<std::size_t> done;
    std::erase_if(changes_, [&](const auto& change) {
      if (jammed_.contains(change.first) || rng_.one_in(3)) return false;
      kernels_[change.first][change.second] = probers_[change.first].choice(id_of(change.second));
      done.insert(change.first);
      return true;
    });
    for (std::size_t i = 0; i < probers_.size(); ++i) {
      const bool pending =
          std::ranges::any_of(changes_, [i](const auto& change) { return change.first == i; });
      if (!pending && !jammed_.contains(i)) probers_[i].applied();
    }
  }

  /// As the kernels do: a probe for a relay may be passed on once, and no more.
  bool reaches(std::size_t from, const Probe& probe) {
    const std::size_t to = number_of(probe.peer);
    if (probe.way != Kind::relay) return passes(from, to, probe.way, probe.size);
    const std::size_t relay = number_of(probe.relay);
    const Choice next = kernels_[relay][to];
    return passes(from, relay, Kind::vxlan, probe.size) && next.kind != Kind::relay &&
           !not_forwarding_.contains(relay) && passes(relay, to, next.kind, probe.size) &&
           takes(relay, from, from) && takes(to, from, relay);
  }

  /// What goes straight by WireGuard is answered straight, whatever the routes are.
  bool answers(std::size_t from, const Probe& probe) {
    const std::size_t to = number_of(probe.peer);
    if (probe.way == Kind::wireguard) return passes(to, from, probe.way, probe.size);
    return delivers(to, from, probe.size);
  }

  void carry(std::size_t from) {
    for (const Probe& probe : probers_[from].take_probes()) {
      ++probes_sent_;
      if (reaches(from, probe) && answers(from, probe)) probers_[from].answered(probe.nonce, now_);
    }
    // Messages go over the mesh, which finds ways of its own.
    for (const Question& question : probers_[from].take_questions()) {
      const std::size_t to = number_of(question.to);
      if (!dead_.contains(to)) probers_[to].asked(id_of(from), question.nonce, question.about, now_);
    }
    for (const Reached& answer : probers_[from].take_answers()) {
      probers_[number_of(answer.to)].told(id_of(from), answer.nonce, answer.peers, now_);
    }
  }

  bool neighbours_;
  Kind tunnel_;
  std::vector<Prober> probers_;
  std::vector<std::map<std::size_t, Choice>> kernels_;
  std::vector<std::pair<std::size_t, std::size_t>> changes_;
  Rng rng_{4711};
  Time now_{};
  std::set<std::pair<std::size_t, std::size_t>> cut_;
  std::set<std::pair<std::size_t, std::size_t>> cut_direct_;
  std::set<std::pair<std::size_t, std::size_t>> lossy_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> narrow_;
  std::set<std::size_t> dead_;
  std::set<std::size_t> not_forwarding_;
  std::set<std::size_t> jammed_;
  std::size_t probes_sent_ = 0;
};

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

TEST(Prober, MovesTrafficToARelayWithinThreeSecondsOfASilentCutAndBack) {
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

TEST(Prober, FindsOneRelayForBothEndsOfAnEncryptedPathAndLeavesIt) {
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

/// What it sends through the relay is answered only when the other end has one as well.
TEST(Prober, StaysWithARelayThatTheOtherEndTakesLater) {
  for (const Kind tunnel : {Kind::vxlan, Kind::wireguard}) {
    Network network(3, false, tunnel);
    network.run(seconds(5));
    network.cut(0, 1);
    network.jam(1);
    const auto relayed = [&] { return network.path(0, 1).choice.kind == Kind::relay; };
    ASSERT_TRUE(network.run_until(seconds(3), relayed));
    network.run(milliseconds(1900));
    network.jam(1, false);
    ASSERT_TRUE(network.run_until(seconds(2), [&] { return network.both(0, 1); }));
    EXPECT_FALSE(network.run_until(seconds(30), [&] { return !network.both(0, 1); }));
    EXPECT_EQ(network.path(0, 1).state, State::up);
  }
}

TEST(Prober, AgreesOnAnotherRelayWhenTheFirstOneServesOneEndAlone) {
  Network network(5, false, Kind::wireguard);
  network.run(seconds(5));
  network.cut(3, 4);
  network.cut(0, 4);
  ASSERT_TRUE(network.run_until(seconds(30), [&] { return network.both(3, 4); }));
  EXPECT_NE(number_of(network.path(3, 4).choice.relay), 0u);
}

TEST(Prober, LosesNothingOnTheWayBackFromARelay) {
  Network network(5);
  network.run(seconds(5));
  network.cut(0, 1);
  ASSERT_TRUE(network.run_until(seconds(3), [&] { return network.both(0, 1); }));
  network.heal();
  EXPECT_FALSE(network.run_until(seconds(20), [&] { return !network.both(0, 1); }));
  EXPECT_EQ(network.path(0, 1).choice, Choice());
}

TEST(Prober, ChoosesAnotherRelayWhenTheFirstIsCutOffToo) {
  Network network(4);
  network.run(seconds(5));
  network.cut(0, 1);
  ASSERT_TRUE(network.run_until(seconds(3), [&] { return network.both(0, 1); }));
  const std::size_t first = number_of(network.path(0, 1).choice.relay);
  network.cut(first, 1);
  EXPECT_TRUE(network.run_until(seconds(5), [&] { return network.both(0, 1); }));
  EXPECT_NE(number_of(network.path(0, 1).choice.relay), first);
}

TEST(Prober, UsesNoRelayThatSaysYesAndDropsEverything) {
  Network network(4);
  network.run(seconds(5));
  network.forbid_forwarding(2);
  network.cut(0, 1);
  const auto settled = [&] { return network.both(0, 1) && network.path(0, 1).state == State::up; };
  ASSERT_TRUE(network.run_until(seconds(60), settled));
  EXPECT_EQ(number_of(network.path(0, 1).choice.relay), 3u);
}

TEST(Prober, KeepsTheStraightWayWhereNobodyReachesTheOtherEnd) {
  Network network(4);
  network.run(seconds(5));
  for (std::size_t i = 0; i < 3; ++i) network.cut(i, 3);
  network.run(seconds(30));
  EXPECT_EQ(network.path(0, 3).state, State::down);
  EXPECT_EQ(network.path(0, 3).choice, Choice());
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

TEST(Prober, LeavesARelayWhoseDaemonDiedWhereItIs) {
  Network network(4);
  network.run(seconds(5));
  network.cut(0, 1);
  ASSERT_TRUE(network.run_until(seconds(3), [&] { return network.both(0, 1); }));
  const std::size_t relay = number_of(network.path(0, 1).choice.relay);
  network.kill(relay);
  network.run(seconds(30));
  EXPECT_EQ(number_of(network.path(0, 1).choice.relay), relay) << "its kernel goes on passing packets on";
}

/// Whether nothing is lost between the two for so long.
bool stays_whole(Network& network, Duration span) {
  return !network.run_until(span, [&] { return !network.both(0, 1); });
}

TEST(Prober, GoesOnByTheSameRelayAfterARestartUntilTheStraightWayIsBack) {
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

TEST(Prober, LeavesAnInheritedRelayThatDoesNotWorkAnyMore) {
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

/// Trouble of all kinds, for a long time: delivers() fails the test on a loop, whatever else happens.
TEST(Prober, NeverSendsPacketsInACircle) {
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
  Prober prober(Rng(1));
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
