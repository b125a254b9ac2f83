// SPDX-License-Identifier: Apache-2.0
// Goal: small meshes link, learn of each other, lose one and say so.
#include <gmock/gmock.h>

#include "overlay/mesh/test_net.h"

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

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

TEST(Mesh, StirsTheNodeAboveForNewsButNotForHeartbeatsAndComparisons) {
  Net net;
  add_three(net);
  net.found(1);
  net.run(30s);
  EXPECT_TRUE(net.host(3).mesh.take_stirred());
  net.run(30s);
  EXPECT_FALSE(net.host(3).mesh.take_stirred());
  net.host(2).mesh.describe({"h2", "elsewhere", "0.1.0", {}, {}, {}, 0, ""}, net.now);
  net.run(1s);
  EXPECT_TRUE(net.host(3).mesh.take_stirred());
  net.host(2).cut = true;
  net.run(5s);
  EXPECT_TRUE(net.host(3).mesh.take_stirred()) << "a peer is unreachable";
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

TEST(Mesh, KnowsItselfAlsoWhenTheEndThatWasCalledHearsFirst) {
  Net::Host host(1, {{"192.0.2.1", 6783}});
  host.mesh.start(Time{});
  host.mesh.tick(Time{});
  const auto calling = std::get<Dial>(host.out.back()).session;
  const auto called = host.mesh.accepted({Ip::v4(0xc0000201U), 40000}, {"binding", {}}, Time{});
  host.mesh.connected(calling, {"binding", {}}, Time{});
  std::map<SessionId, Bytes> hellos;
  for (const Effect& effect : std::exchange(host.out, {})) {
    if (const auto* send = std::get_if<Send>(&effect)) hellos.emplace(send->session, send->frame);
  }
  host.mesh.received(called, hellos.at(calling), Time{});
  host.mesh.received(calling, hellos.at(called), Time{});
  EXPECT_TRUE(host.mesh.dialer().targets().front().is_self);
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

TEST(Mesh, ACertificateLetsInItsOwnNodeAlone) {
  Net net;
  net.add(1, {});
  net.add(2, {1});
  net.found(1);
  net.certificates[1] = net.certificates[2] = net.host(1).mesh.self().id;
  net.run(2s);
  EXPECT_EQ(net.host(1).mesh.reachable_count(), 0U) << "the second has stolen that of the first";
  EXPECT_TRUE(net.host(2).mesh.dialer().targets().front().error.find("shows a certificate of the node") !=
              std::string::npos)
      << net.host(2).mesh.dialer().targets().front().error;
  net.certificates[2] = net.host(2).mesh.self().id;
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

TEST(Mesh, CountsWhatANewcomerIsTaughtAndThatBothAgreeLater) {
  Net net;
  net.add(1, {});
  net.found(1);
  net.run(1s);
  net.add(2, {1});
  net.describe(2);
  net.run(1s);
  const Figures taught = net.host(2).mesh.figures();
  EXPECT_GT(taught.news + taught.repairs, 0U);
  EXPECT_EQ(taught.heard_bytes, net.host(1).mesh.figures().sent_bytes);
  EXPECT_EQ(taught.sent_bytes, net.host(1).mesh.figures().heard_bytes);
  EXPECT_THAT(taught.records, testing::Contains(std::pair<std::string_view, std::size_t>("node", 2)));
  net.run(1min);
  const Comparisons before = net.host(2).mesh.figures().comparisons;
  net.run(1min);
  const Comparisons after = net.host(2).mesh.figures().comparisons;
  EXPECT_GE(after.same, before.same + 4);
  EXPECT_EQ(after.different, before.different);
  EXPECT_EQ(after.given_up, 0U);
}

TEST(Mesh, CountsAComparisonThatFoundADifferenceAndHowLongItStood) {
  Net net;
  net.add(1, {});
  net.add(2, {1});
  net.found(1);
  net.describe(2);
  net.run(1min);
  const auto different = [&net] {
    return net.host(1).mesh.figures().comparisons.different +
           net.host(2).mesh.figures().comparisons.different;
  };
  const auto before = different();
  net.host(2).mesh.erase(wire::node_key(net.host(1).mesh.self().id));
  net.run(1min);
  EXPECT_EQ(different(), before + 1);
  std::uint64_t timed = 0;
  for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}}) {
    for (const auto count : net.host(number).mesh.figures().comparisons.seconds.counts) timed += count;
  }
  EXPECT_EQ(timed, different());
}

TEST(Mesh, ReportsARecordOfItsOwnFromALaterLifeAndSpeaksAboveItWhenTold) {
  Net net;
  net.add(1, {});
  net.add(2, {1});
  net.found(1);
  net.run(2s);
  const auto& self = net.host(2).mesh.self();
  const auto later =
      wire::seal(wire::NodeInfo{"ghost", "", "", {}, {}, {}, 0, ""}, {7, 3}, self.identity, self.cluster);
  const Session* session = net.host(2).mesh.sessions().with(net.host(1).mesh.self().id);
  net.host(2).mesh.received(session->id, wire::encode(wire::Records{{later.envelope}}), net.now);
  EXPECT_EQ(net.host(2).mesh.take_heard_of_self(), std::vector<std::uint64_t>{7});
  net.host(2).mesh.rise(8, net.now);
  net.run(2s);
  EXPECT_EQ(net.host(1).mesh.records().find(wire::links_key(self.id))->version.major, 8U);
}

}  // namespace
}  // namespace overlay::mesh
