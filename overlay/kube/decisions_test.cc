// SPDX-License-Identifier: Apache-2.0
// Goal: whom to call, which pools to refuse, who leads, and who is gone, decided without any I/O.
#include <gtest/gtest.h>

#include "overlay/kube/backoff.h"
#include "overlay/kube/departures.h"
#include "overlay/kube/election.h"
#include "overlay/kube/peers.h"
#include "overlay/kube/service_range.h"

namespace overlay::kube {
namespace {

using namespace std::chrono_literals;

Ip ip(const std::string& text) { return Ip::parse(text).value(); }
Prefix prefix(const std::string& text) { return Prefix::parse(text).value(); }

Node node(const std::string& name, const std::vector<std::string>& addresses, bool is_up = false) {
  Node out;
  out.name = name;
  out.uid = "uid-" + name;
  out.is_up = is_up;
  for (const auto& address : addresses) out.addresses.push_back(ip(address));
  return out;
}

std::map<std::string, Node> by_name(const std::vector<Node>& nodes) {
  std::map<std::string, Node> out;
  for (const Node& one : nodes) out[one.name] = one;
  return out;
}

// ---- peers ----

TEST(Peers, AreAllOthersOfASmallCluster) {
  const auto nodes = by_name({node("n1", {"192.0.2.1"}), node("n2", {"192.0.2.2"}), node("n3", {})});
  EXPECT_EQ(choose_peers(nodes, "n1"), std::vector<Ip>{ip("192.0.2.2")});
}

TEST(Peers, AreCalledInTheFamilyOfThisHost) {
  const auto nodes = by_name({node("n1", {"2001:db8::1", "192.0.2.1"}),
                              node("n2", {"192.0.2.2", "2001:db8::2"}), node("n3", {"192.0.2.3"})});
  const auto peers = choose_peers(nodes, "n1");
  EXPECT_EQ(std::set<Ip>(peers.begin(), peers.end()), (std::set<Ip>{ip("2001:db8::2"), ip("192.0.2.3")}));
}

TEST(Peers, OfALargeClusterAreFewSteadyAndSpread) {
  std::map<std::string, Node> nodes;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "n" + std::to_string(i);
    nodes[name] = node(name, {"192.0.2." + std::to_string(i)});
  }
  std::set<Ip> called;
  for (const auto& [name, unused] : nodes) {
    const auto peers = choose_peers(nodes, name);
    EXPECT_EQ(peers.size(), max_peers);
    EXPECT_EQ(peers, choose_peers(nodes, name));
    called.insert(peers.begin(), peers.end());
  }
  EXPECT_GT(called.size(), 90U) << "some Node is everybody's";
}

TEST(Peers, WhoHasBeenReadyComesFirst) {
  auto nodes = by_name({node("n1", {"192.0.2.1"}), node("up", {"192.0.2.99"}, true)});
  for (int i = 2; i < 50; ++i) {
    const std::string name = "n" + std::to_string(i);
    nodes[name] = node(name, {"192.0.2." + std::to_string(i)});
  }
  EXPECT_EQ(choose_peers(nodes, "n1").front(), ip("192.0.2.99"));
  EXPECT_TRUE(others_are_up(nodes, "n1"));
  EXPECT_FALSE(others_are_up(nodes, "up"));
}

// ---- the service range ----

TEST(ServiceRange, IsReadFromServiceCidrs) {
  const auto ranges = parse_service_ranges(
      R"({"items":[{"metadata":{"name":"kubernetes"},"spec":{"cidrs":["10.96.0.0/12","fd00:10:96::/112"]}}]})");
  ASSERT_TRUE(ranges);
  EXPECT_EQ(*ranges, (std::vector<Prefix>{prefix("10.96.0.0/12"), prefix("fd00:10:96::/112")}));
}

TEST(ServiceRange, IsReadFromTheRefusalOfAnImpossibleService) {
  EXPECT_EQ(
      range_in_refusal(R"({"kind":"Status","message":"Service \"overlay-range-probe\" is invalid: )"
                       R"(spec.clusterIPs: Invalid value: []string{\"192.0.2.1\"}: failed to allocate IP )"
                       R"(192.0.2.1: the provided IP (192.0.2.1) is not in the valid range. )"
                       R"(The range of valid IPs is 10.96.0.0/12","code":422})"),
      prefix("10.96.0.0/12"));
  EXPECT_EQ(range_in_refusal(R"({"message":"The range of valid IPs is fd00:10:96::/112, and more"})"),
            prefix("fd00:10:96::/112"));
  EXPECT_EQ(range_in_refusal(R"({"message":"services is forbidden"})"), std::nullopt);
  EXPECT_EQ(range_in_refusal("The range of valid IPs is 10.96.0.0/12"), std::nullopt)
      << "no answer of the API";
}

TEST(ServiceRange, APoolThatHoldsItIsRefusedAndAFreeOneNamed) {
  const Status refused =
      check_pools({prefix("10.32.0.0/12")}, {prefix("10.43.0.0/16")}, {ip("10.48.0.5"), ip("192.0.2.1")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(
      refused.error().text,
      "--pool 10.32.0.0/12 overlaps the cluster's services, 10.43.0.0/16, which would hide them from pods; "
      "give --pool 10.64.0.0/12, or another range that is free in your network");
}

TEST(ServiceRange, APoolBesideItIsFine) {
  EXPECT_TRUE(check_pools({prefix("10.32.0.0/12"), prefix("fd00:32::/48")},
                          {prefix("10.96.0.0/12"), prefix("fd00:10:96::/112")}, {}));
}

TEST(ServiceRange, WhereNothingIsFreeTheSentenceStillHelps) {
  const Status refused = check_pools({prefix("10.0.0.0/8")}, {prefix("10.96.0.0/12")}, {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("give a smaller --pool, or another range"), std::string::npos);
}

TEST(ServiceRange, AFreeIpv6PoolIsNamedToo) {
  const Status refused = check_pools({prefix("fd00:10::/32")}, {prefix("fd00:10:96::/112")}, {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("give --pool fd00:11::/32,"), std::string::npos)
      << refused.error().text;
}

// ---- the lease ----

TEST(Election, TakesALeaseThatIsNotThere) {
  Election election("n1");
  const auto made = election.look(std::nullopt, WallTime{}, Time{});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->holder, "n1");
  EXPECT_EQ(made->acquired, made->renewed);
  EXPECT_FALSE(election.leads(Time{})) << "it is not written yet";
  election.won(Time{});
  EXPECT_TRUE(election.leads(Time{} + 39s));
  EXPECT_FALSE(election.leads(Time{} + 40s)) << "others count to 60, from later on";
}

TEST(Election, WaitsForAnothersLeaseToStandStillByItsOwnClock) {
  Election election("n2");
  Lease lease{.holder = "n1", .renewed = "long ago", .acquired = "before", .transitions = 4, .version = "1"};
  EXPECT_FALSE(election.look(lease, WallTime{}, Time{} + 100s));
  lease.version = "2";
  EXPECT_FALSE(election.look(lease, WallTime{}, Time{} + 159s));
  EXPECT_FALSE(election.look(lease, WallTime{}, Time{} + 218s));
  const auto taken = election.look(lease, WallTime{}, Time{} + 219s);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->holder, "n2");
  EXPECT_EQ(taken->transitions, 5);
  EXPECT_EQ(taken->version, "2") << "whoever else takes it makes this one fail";
}

TEST(Election, RenewsItsOwnLeaseAndTakesAFreeOne) {
  Election election("n1");
  const Lease mine{.holder = "n1", .renewed = "t1", .acquired = "t0", .transitions = 4, .version = "1"};
  const auto renewed = election.look(mine, WallTime{} + 5s, Time{});
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->acquired, "t0");
  EXPECT_EQ(renewed->renewed, "1970-01-01T00:00:05.000000Z");
  EXPECT_EQ(renewed->transitions, 4);
  Lease given_up = mine;
  given_up.holder.clear();
  EXPECT_TRUE(Election("n2").look(given_up, WallTime{}, Time{}));
}

TEST(Election, EndsWhenAnotherHasTheLease) {
  Election election("n1");
  election.won(Time{});
  const Lease theirs{.holder = "n2", .renewed = "", .acquired = "", .transitions = 0, .version = "9"};
  EXPECT_FALSE(election.look(theirs, WallTime{}, Time{} + 1s));
  EXPECT_FALSE(election.leads(Time{} + 1s));
}

// ---- departures ----

const std::vector<Member> members{{"id1", "n1", "u1"}, {"id2", "n2", "u2"}, {"id3", "lonely", ""}};

TEST(Departures, CountFromTheFirstListWithoutTheNode) {
  Departures departures(300s);
  EXPECT_TRUE(departures.look(members, {"self", "u1", "u2"}, "self", Time{}).empty());
  EXPECT_TRUE(departures.look(members, {"self", "u1"}, "self", Time{} + 100s).empty());
  EXPECT_TRUE(departures.look(members, {"self", "u1"}, "self", Time{} + 399s).empty());
  const auto gone = departures.look(members, {"self", "u1"}, "self", Time{} + 400s);
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone.front().member.id, "id2");
}

TEST(Departures, ANodeThatComesBackIsNotMissedFromBefore) {
  Departures departures(300s);
  departures.look(members, {"self", "u1"}, "self", Time{});
  departures.look(members, {"self", "u1", "u2"}, "self", Time{} + 200s);
  EXPECT_TRUE(departures.look(members, {"self", "u1"}, "self", Time{} + 301s).empty());
}

TEST(Departures, ANodeOfTheSameNameIsAnother) {
  Departures departures(300s);
  departures.look(members, {"self", "u1", "u2-new"}, "self", Time{});
  const auto gone = departures.look(members, {"self", "u1", "u2-new"}, "self", Time{} + 300s);
  ASSERT_EQ(gone.size(), 1U) << "the old n2 is gone, though there is an n2";
  EXPECT_EQ(gone.front().member.id, "id2");
  const std::vector<Member> again{{"id1", "n1", "u1"}, {"id2", "n2", "u2-new"}};
  EXPECT_TRUE(departures.look(again, {"self", "u1", "u2-new"}, "self", Time{} + 301s).empty())
      << "it says of itself that it is the new one";
}

TEST(Departures, WhoCameBackWithoutItsStateReplacesItsFormerSelf) {
  const std::vector<Member> both{{"old", "n1", "u1", false}, {"new", "n1", "u1", true}};
  Departures departures(300s);
  EXPECT_TRUE(departures.look(both, {"self", "u1"}, "self", Time{}).empty());
  const auto gone = departures.look(both, {"self", "u1"}, "self", Time{} + 300s);
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone.front().member.id, "old");
  EXPECT_TRUE(gone.front().is_replaced);
}

TEST(Departures, OneCanReplaceOnesOwnFormerSelf) {
  Departures departures(0s);
  EXPECT_EQ(departures.look({{"old", "n0", "self", false}}, {"self"}, "self", Time{}).size(), 1U);
}

TEST(Departures, WhoCannotBeReachedIsNotGoneWhileNobodyTookItsPlace) {
  Departures departures(0s);
  const std::vector<Member> away{{"id1", "n1", "u1", false}, {"id2", "n2", "u2", true}};
  EXPECT_TRUE(departures.look(away, {"self", "u1", "u2"}, "self", Time{}).empty());
  const std::vector<Member> both_away{{"old", "n1", "u1", false}, {"new", "n1", "u1", false}};
  EXPECT_TRUE(departures.look(both_away, {"self", "u1"}, "self", Time{}).empty());
  const std::vector<Member> both_there{{"id1", "n1", "u1", true}, {"id2", "n1", "u1", true}};
  EXPECT_TRUE(departures.look(both_there, {"self", "u1"}, "self", Time{}).empty())
      << "two machines of one name: it is not known which of them is the Node";
}

TEST(Departures, AListWithoutOneselfIsNotBelieved) {
  Departures departures(0s);
  EXPECT_TRUE(departures.look(members, {}, "self", Time{}).empty());
  EXPECT_TRUE(departures.look(members, {"u1"}, "self", Time{}).empty());
}

// ---- back-off ----

TEST(Backoff, DoublesToALimitAndNeverKeepsStep) {
  Backoff one(Rng(1));
  Backoff other(Rng(2));
  EXPECT_LE(one.next(), 500ms);
  Duration longest{};
  bool differ = false;
  for (int i = 0; i < 20; ++i) {
    const Duration mine = one.next();
    differ = differ || mine != other.next();
    longest = std::max(longest, mine);
  }
  EXPECT_TRUE(differ);
  EXPECT_GT(longest, 5s);
  EXPECT_LE(longest, 15s);
  one.reset();
  EXPECT_LE(one.next(), 500ms);
}

}  // namespace
}  // namespace overlay::kube
