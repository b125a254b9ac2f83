// SPDX-License-Identifier: Apache-2.0
// Goal: whole meshes in one process over a lossless wire: they link, learn of each other, lose one and say
// so. Method: effects are carried out at once; time moves only when nothing is left to do. Faults are the
// simulator's.
#include "overlay/mesh/mesh.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

wire::Record genesis_by(const KeyPair& founder, std::uint8_t nonce = 1) {
  consensus::Genesis genesis;
  genesis.pools = {Prefix::parse("10.32.0.0/12").value()};
  genesis.voters = {founder.public_key};
  genesis.nonce = Nonce{{nonce}};
  return wire::seal(genesis, {}, founder, ClusterId{});
}

class Net {
 public:
  struct Host {
    Host(std::uint8_t number, std::vector<HostPort> join)
        : rng(number),
          mesh({KeyPair::from_seed(SecretSeed{{number}}),
                KeyPair::from_seed(SecretSeed{{number}}).node_id(),
                "h" + std::to_string(number),
                "0.1.0",
                1,
                {},
                {}},
               std::move(join), rng, out, [this](const wire::Record& record) { return judge(record); }) {}
    std::function<Status(const wire::Record&)> judge = [](const wire::Record&) { return Status(); };
    Rng rng;
    Outbox out;
    Mesh mesh;
    std::vector<std::string> events;
    bool cut = false;
  };

  Host& add(std::uint8_t number, std::vector<std::uint8_t> join) {
    std::vector<HostPort> targets;
    for (const auto other : join) targets.push_back({address(other).text(), 6783});
    hosts_[number] = std::make_unique<Host>(number, targets);
    return *hosts_[number];
  }
  Host& host(std::uint8_t number) { return *hosts_.at(number); }

  void describe(std::uint8_t number) {
    host(number).mesh.describe(
        {"h" + std::to_string(number), "", "0.1.0", {{address(number), 6783}}, {address(number)}, {}, 0},
        now);
  }
  void found(std::uint8_t number) {
    host(number).mesh.adopt(genesis_by(host(number).mesh.self().identity, number), {}, now);
    describe(number);
  }

  /// Moves time on to `until`, doing all there is to do on the way.
  void run(Duration length) {
    const Time until = now + length;
    for (;;) {
      carry_out();
      Time next = until;
      for (const auto& [number, host] : hosts_) next = std::min(next, host->mesh.next_deadline());
      if (next >= until) break;
      now = std::max(now, next);
      for (const auto& [number, host] : hosts_) host->mesh.tick(now);
    }
    now = until;
  }

  Time now{};
  Bytes stranger;  // on the way of every connection: what the two ends see differs by this

 private:
  struct End {
    std::uint8_t host;
    SessionId session;
    auto operator<=>(const End&) const = default;
  };

  static Ip address(std::uint8_t number) { return Ip::v4(0xc0000200U + number); }

  void carry_out() {
    for (bool busy = true; busy;) {
      busy = false;
      for (const auto& [number, host] : hosts_) {
        for (const Effect& effect : std::exchange(host->out, {})) {
          busy = true;
          std::visit([&, from = number](const auto& e) { carry_out(from, e); }, effect);
        }
        for (wire::Record& genesis : host->mesh.take_genesis()) {
          if (host->mesh.self().cluster.is_zero()) {
            host->mesh.adopt(genesis, {}, now);
            describe(number);
          }
        }
      }
    }
  }
  void carry_out(std::uint8_t from, const Dial& dial) {
    for (const auto& [number, host] : hosts_) {
      if (address(number).text() != dial.target.host || host->cut || this->host(from).cut) continue;
      const Bytes binding = "connection " + std::to_string(dial.session);
      const SessionId other = host->mesh.accepted({address(from), 40000}, binding + stranger, now);
      other_end_[{from, dial.session}] = {number, other};
      other_end_[{number, other}] = {from, dial.session};
      this->host(from).mesh.connected(dial.session, binding, now);
      return;
    }
    host(from).mesh.closed(dial.session, fail(Errc::unavailable, "connection refused"), now);
  }
  void carry_out(std::uint8_t from, const Send& send) {
    host(from).mesh.written(send.session, send.frame.size(), now);
    const auto found = other_end_.find({from, send.session});
    if (found == other_end_.end() || host(from).cut || host(found->second.host).cut) return;
    host(found->second.host).mesh.received(found->second.session, send.frame, now);
  }
  void carry_out(std::uint8_t from, const Close& close) {
    const auto found = other_end_.find({from, close.session});
    if (found == other_end_.end()) return;
    const End other = found->second;
    other_end_.erase(found);
    other_end_.erase(other);
    if (!host(from).cut && !host(other.host).cut) {
      host(other.host).mesh.closed(other.session, fail(Errc::unavailable, "closed by the peer"), now);
    }
  }
  void carry_out(std::uint8_t, const Admit&) {}
  void carry_out(std::uint8_t from, const Event& event) {
    host(from).events.push_back(event.kind + " " + event.subject + " " + event.to + " " + event.text);
  }

  std::map<std::uint8_t, std::unique_ptr<Host>> hosts_;
  std::map<End, End> other_end_;
};

constexpr std::uint8_t three[] = {1, 2, 3};

/// h2 and h3 join through h1.
void add_three(Net& net) {
  net.add(1, {});
  net.add(2, {1});
  net.add(3, {1});
}

bool has_event(const Net::Host& host, const std::string& part) {
  for (const std::string& event : host.events) {
    if (event.find(part) != std::string::npos) return true;
  }
  return false;
}

TEST(Mesh, ThreeJoinThroughOneAndAllSeeAllWithinASecond) {
  Net net;
  add_three(net);
  net.found(1);
  net.run(1s);
  for (const std::uint8_t number : three)
    EXPECT_EQ(net.host(number).mesh.reachable_count(), 2U) << int{number};
  EXPECT_EQ(net.host(2).mesh.self().cluster, net.host(1).mesh.self().cluster);
}

TEST(Mesh, FindsFurtherPeersFromRecordsAndKeepsOneSessionEach) {
  Net net;
  net.add(1, {2, 3});
  net.add(2, {1, 3});
  net.add(3, {1, 2});
  net.found(1);
  net.run(20s);
  for (const std::uint8_t number : three) {
    EXPECT_EQ(net.host(number).mesh.sessions().all().size(), 2U) << int{number};
    EXPECT_EQ(net.host(number).mesh.reachable_count(), 2U) << int{number};
  }
}

TEST(Mesh, SilentPeerIsUnreachableEverywhereWithinFiveSecondsAndReturns) {
  Net net;
  add_three(net);
  net.found(1);
  net.run(10s);
  net.host(3).cut = true;
  net.run(5s);
  EXPECT_EQ(net.host(1).mesh.reachable_count(), 1U);
  EXPECT_EQ(net.host(2).mesh.reachable_count(), 1U);
  EXPECT_TRUE(has_event(net.host(1), "peer h3 unreachable"));
  net.host(3).cut = false;
  net.run(10s);
  for (const std::uint8_t number : three)
    EXPECT_EQ(net.host(number).mesh.reachable_count(), 2U) << int{number};
}

TEST(Mesh, TwoClustersRefuseEachOtherWithOneSentenceOnBothSides) {
  Net net;
  net.add(1, {});
  net.add(2, {1});
  net.found(1);
  net.found(2);
  net.run(5s);
  const std::string sentence = "different clusters: ";
  EXPECT_TRUE(has_event(net.host(1), sentence));
  EXPECT_TRUE(has_event(net.host(2), sentence));
  EXPECT_EQ(net.host(1).mesh.reachable_count(), 0U);
  EXPECT_NE(net.host(2).mesh.dialer().targets().front().error.find(sentence), std::string::npos);
}

TEST(Mesh, CallsItselfOnlyOnce) {
  Net net;
  net.add(1, {1});
  net.found(1);
  net.run(30s);
  EXPECT_TRUE(net.host(1).mesh.dialer().targets().front().is_self);
  EXPECT_TRUE(net.host(1).mesh.sessions().all().empty());
}

TEST(Mesh, GarbageCostsItsSenderTheSessionAndNobodyElseAnything) {
  Net net;
  net.add(1, {});
  net.add(2, {1});
  net.found(1);
  net.run(2s);
  const SessionId stranger = net.host(1).mesh.accepted({Ip::v4(9), 9}, {}, net.now);
  net.host(1).mesh.received(stranger, "GET / HTTP/1.1", net.now);
  EXPECT_EQ(net.host(1).mesh.sessions().find(stranger), nullptr);
  net.run(2s);
  EXPECT_EQ(net.host(1).mesh.reachable_count(), 1U);
}

TEST(Mesh, NobodyStandsBetweenTwoPeers) {
  Net net;
  net.stranger = "one that relays both hellos and proofs";
  net.add(1, {});
  net.add(2, {1});
  net.found(1);
  net.run(2s);
  EXPECT_EQ(net.host(1).mesh.reachable_count(), 0U);
  EXPECT_EQ(net.host(2).mesh.dialer().targets().front().error,
            "the peer does not hold the key its hello names, or somebody stands between the two");
  net.stranger.clear();
  net.run(10s);
  EXPECT_EQ(net.host(1).mesh.reachable_count(), 1U);
}

/// Two linked nodes, the second of which judges blocks as told.
class Judging : public testing::Test {
 protected:
  Judging() {
    net.add(1, {});
    net.add(2, {1});
    net.found(1);
    net.run(2s);
    net.host(2).judge = [this](const wire::Record& record) {
      return wire::kind_of(record.key) == wire::RecordKind::block ? verdict : Status();
    };
  }
  /// The first publishes a block record, which the second hears.
  wire::RecordKey publish() {
    const auto& self = net.host(1).mesh.self();
    const auto record = wire::seal(ipam::BlockRecord(), {}, self.identity, self.cluster);
    net.host(1).mesh.publish(record, net.now);
    net.run(1s);
    return record.key;
  }
  bool holds(const wire::RecordKey& key) { return net.host(2).mesh.records().find(key) != nullptr; }
  bool linked() { return net.host(2).mesh.sessions().linked().size() == 1; }

  Net net;
  Status verdict;
};

TEST_F(Judging, KeepsARecordThatComesTooEarlyUntilItCanBeJudged) {
  verdict = fail(Errc::unavailable, "too early");
  const auto key = publish();
  EXPECT_FALSE(holds(key));
  EXPECT_EQ(net.host(2).mesh.held().size(), 1U);
  net.host(2).mesh.rejudge(net.now);
  EXPECT_EQ(net.host(2).mesh.held().size(), 1U) << "nothing new is known";
  verdict = {};
  net.host(2).mesh.rejudge(net.now);
  EXPECT_TRUE(holds(key));
  EXPECT_TRUE(net.host(2).mesh.held().empty());
  EXPECT_TRUE(linked());
}

TEST_F(Judging, LeavesOutWhatIsOfNoUseAndReportsAClash) {
  verdict = fail(Errc::exists, "overtaken");
  EXPECT_FALSE(holds(publish()));
  verdict = fail(Errc::conflict, "two");
  EXPECT_FALSE(holds(publish()));
  EXPECT_FALSE(net.host(2).mesh.take_clashes().empty());
  EXPECT_TRUE(linked());
}

TEST_F(Judging, EndsTheSessionOfAPeerThatSendsWhatCannotBe) {
  verdict = fail(Errc::invalid, "a lie");
  EXPECT_FALSE(holds(publish()));
  EXPECT_TRUE(has_event(net.host(2), "link h1 down the peer sent a lie"));
}

TEST(Mesh, ReachesNobodyThroughAnExpelledNode) {
  Net net;
  add_three(net);
  net.found(1);
  net.run(5s);
  const NodeId expelled = net.host(3).mesh.self().id;
  constexpr std::uint8_t others[] = {1, 2};
  for (const std::uint8_t number : others) net.host(number).mesh.expel(expelled, net.now);
  net.run(1s);
  for (const std::uint8_t number : others) {
    EXPECT_FALSE(net.host(number).mesh.reaches(expelled));
    EXPECT_EQ(net.host(number).mesh.info(expelled), nullptr);
    EXPECT_EQ(net.host(number).mesh.reachable_count(), 1U);
  }
}

TEST(Mesh, OwnRecordFromALaterLifeIsOutbid) {
  Net net;
  net.add(1, {});
  net.add(2, {1});
  net.found(1);
  net.run(2s);
  const auto& self = net.host(2).mesh.self();
  const auto later =
      wire::seal(wire::NodeInfo{"ghost", "", "", {}, {}, {}, 0}, {7, 3}, self.identity, self.cluster);
  const Session* session = net.host(2).mesh.sessions().with(net.host(1).mesh.self().id);
  net.host(2).mesh.received(session->id, wire::encode(wire::Records{{later.envelope}}), net.now);
  net.run(2s);
  EXPECT_EQ(net.host(2).mesh.self().incarnation, 8U);
  EXPECT_EQ(net.host(1).mesh.info(self.id)->name, "h2");
}

}  // namespace
}  // namespace overlay::mesh
