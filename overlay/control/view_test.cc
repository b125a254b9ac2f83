// SPDX-License-Identifier: Apache-2.0
// One view of a small cluster, and what each message makes of it.
#include "overlay/control/view.h"

#include <gmock/gmock.h>

namespace overlay::control {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Time now{1000s};
constexpr ClockPair clock_pair{now, WallTime(1'767'225'600'000ms)};

NodeId id(std::uint8_t last) {
  NodeId out;
  out.bytes.back() = last;
  return out;
}

Prefix prefix(const char* text) { return Prefix::parse(text).value(); }
Ip ip(const char* text) { return Ip::parse(text).value(); }

node::PeerView peer(std::uint8_t last, const char* name, bool reachable) {
  node::PeerView out;
  out.id = id(last);
  out.name = name;
  out.reachable = reachable;
  out.since = now - 60s;
  return out;
}

node::LinkView link(std::uint8_t last, node::LinkView::State state, const char* error = "") {
  node::LinkView out;
  out.peer = id(last);
  out.address = "192.0.2.9:6783";
  out.state = state;
  out.since = now - 5s;
  out.error = error;
  return out;
}

node::BlockView block(const char* text, ipam::BlockState state, std::uint8_t owner, const char* owner_name) {
  node::BlockView out;
  out.record.prefix = prefix(text);
  out.record.epoch = {1, 12};
  out.record.state = state;
  out.record.owner = id(owner);
  out.owner_name = owner_name;
  out.capacity = 255;
  return out;
}

/// This node is h1; h2 is reachable over a link, h3 is dead, h4 is only heard of.
node::View small_cluster() {
  using State = node::LinkView::State;
  node::View view;
  view.id = id(1);
  view.name = "h1";
  view.version = "0.1.0";
  view.underlay_address = ip("192.0.2.1");
  view.mtu = 1450;
  view.cluster = ClusterId{};
  view.vni = 0x100001;
  view.voters = {"h1"};
  view.genesis.emplace();
  view.genesis->pools = {prefix("10.32.0.0/12"), prefix("fd00::/48")};
  view.peers = {peer(1, "h1", true), peer(2, "h2", true), peer(3, "h3", false), peer(4, "h4", false)};
  view.peers[0].self = true;
  view.links = {link(2, State::retrying, "old"), link(2, State::established),
                link(3, State::retrying, "connection refused")};
  view.links[1].rtt = 250us;
  view.peers[1].path.state = paths::State::up;
  view.peers[1].path.since = now - 10s;
  view.peers[1].path.rtt = 250us;
  view.peers[1].path.loss = 0.25;
  view.peers[1].path.mtu = 1450;
  view.peers[2].path.kind = paths::Kind::relay;
  view.peers[2].path.relay = "h2";
  view.peers[2].path.state = paths::State::up;
  view.peers[2].path.reason = "no answer straight";
  view.peers[2].path.mtu = 1400;
  view.peers[3].path.state = paths::State::down;
  view.peers[3].path.reason = "no answer";
  view.links[1].rx_bytes = 1024;
  view.pools = {{prefix("10.32.0.0/12"), 4096, 4093}, {prefix("fd00::/48"), 65536, 65536}};
  view.blocks = {block("10.32.0.0/24", ipam::BlockState::owned, 1, "h1"),
                 block("10.32.1.0/24", ipam::BlockState::owned, 7, ""),
                 block("10.32.2.0/24", ipam::BlockState::quarantine, 0, "")};
  view.blocks[0].leased = 2;
  view.leases = {{{"overlay", "b", "eth0"}, {ip("10.32.0.9"), ip("fd00::9")}, WallTime(1s)},
                 {{"overlay", "a", "eth0"}, {ip("10.32.0.2")}, WallTime(2s)}};
  view.addresses = 3;
  view.capacity = 255;
  return view;
}

TEST(View, TellsTheStatusOfTheNode) {
  auto view = small_cluster();
  view.waiting_for = {"a block"};
  view.alarms = {{"fork", "two owners of 10.32.9.0/24", now - 10s}};
  const auto status = to_status(view, {WallTime(7s), true}, clock_pair);
  EXPECT_EQ(status.node().name(), "h1");
  EXPECT_EQ(status.node().id(), "00000000000000000000000000000001");
  EXPECT_FALSE(status.node().ready());
  EXPECT_THAT(status.node().waiting_for(), ElementsAre("a block"));
  EXPECT_EQ(status.node().underlay_address(), "192.0.2.1");
  EXPECT_EQ(status.node().mtu(), 1450u);
  EXPECT_EQ(status.node().started().seconds(), 7);
  EXPECT_EQ(status.alarms(0).name(), "fork");
  EXPECT_EQ(status.alarms(0).since().seconds(), 1'767'225'590);
}

TEST(View, TellsTheStatusOfTheCluster) {
  const auto status = to_status(small_cluster(), {WallTime(7s), true}, clock_pair);
  EXPECT_TRUE(status.node().ready());
  EXPECT_EQ(status.cluster().id(), "00000000000000000000000000000000");
  EXPECT_THAT(status.cluster().pools(), ElementsAre("10.32.0.0/12", "fd00::/48"));
  EXPECT_THAT(status.cluster().voters(), ElementsAre("h1"));
  EXPECT_EQ(status.cluster().encryption(), "none");
  EXPECT_TRUE(status.cluster().authenticated());
  EXPECT_EQ(status.cluster().vni(), 0x100001u);
  EXPECT_EQ(status.cluster().vxlan_port(), 4789u);
  EXPECT_EQ(status.cluster().block_prefix(), 24u);
  EXPECT_EQ(status.cluster().block_prefix6(), 64u);
}

TEST(View, CountsPeersPathsLinksAndBlocks) {
  const auto status = to_status(small_cluster(), {}, clock_pair);
  EXPECT_EQ(status.peers().known(), 3u);
  EXPECT_EQ(status.peers().reachable(), 1u);
  EXPECT_EQ(status.paths().vxlan(), 1u);
  EXPECT_EQ(status.paths().relay(), 1u);
  EXPECT_EQ(status.paths().down(), 1u);
  EXPECT_EQ(status.links().established(), 1u);
  EXPECT_EQ(status.links().retrying(), 2u);
  EXPECT_EQ(status.ipam().blocks(), 1u);
  EXPECT_EQ(status.ipam().addresses(), 3);
  EXPECT_EQ(status.ipam().capacity(), 255);
}

TEST(View, LeavesTheClusterEmptyBeforeThereIsOne) {
  const auto status = to_status({}, {}, clock_pair);
  EXPECT_EQ(status.cluster().id(), "");
  EXPECT_EQ(status.cluster().encryption(), "");
  EXPECT_EQ(status.node().underlay_address(), "");
}

TEST(View, GivesEachPeerItsPathAndWhyThereIsNone) {
  const auto peers = to_peers(small_cluster(), clock_pair);
  ASSERT_EQ(peers.peers_size(), 4);
  EXPECT_TRUE(peers.peers(0).self());
  EXPECT_EQ(peers.peers(0).path().kind(), "");
  EXPECT_FALSE(peers.peers(0).has_since());
  EXPECT_EQ(peers.peers(1).state(), "reachable");
  EXPECT_EQ(peers.peers(1).path().kind(), "vxlan");
  EXPECT_EQ(peers.peers(1).path().state(), "up");
  EXPECT_EQ(peers.peers(1).path().reason(), "");
  EXPECT_DOUBLE_EQ(peers.peers(1).path().rtt_seconds(), 0.00025);
  EXPECT_EQ(peers.peers(1).path().mtu(), 1450u);
  EXPECT_EQ(peers.peers(1).since().seconds(), 1'767'225'540);
  EXPECT_EQ(peers.peers(2).state(), "unreachable");
  EXPECT_EQ(peers.peers(2).path().kind(), "relay");
  EXPECT_EQ(peers.peers(2).path().relay(), "h2");
  EXPECT_EQ(peers.peers(2).path().reason(), "connection refused") << "of the daemon: packets get there";
  EXPECT_EQ(peers.peers(3).path().reason(), "no answer; no path of links leads to it");
}

TEST(View, ListsThePathsToOthers) {
  const auto paths = to_paths(small_cluster(), clock_pair);
  ASSERT_EQ(paths.paths_size(), 3);
  EXPECT_EQ(paths.paths(0).peer(), "h2");
  EXPECT_EQ(paths.paths(0).kind(), "vxlan");
  EXPECT_EQ(paths.paths(0).state(), "up");
  EXPECT_DOUBLE_EQ(paths.paths(0).loss(), 0.25);
  EXPECT_EQ(paths.paths(0).since().seconds(), 1'767'225'590);
  EXPECT_EQ(paths.paths(1).relay(), "h2");
  EXPECT_EQ(paths.paths(1).mtu(), 1400u);
  EXPECT_EQ(paths.paths(2).state(), "down");
}

TEST(View, NamesTheStateOfALinkThatHasNoErrorYet) {
  auto view = small_cluster();
  view.links[2] = link(3, node::LinkView::State::connecting);
  EXPECT_EQ(to_peers(view, clock_pair).peers(2).path().reason(), "its link at 192.0.2.9:6783 is connecting");
}

TEST(View, ListsLinks) {
  const auto links = to_links(small_cluster(), clock_pair);
  ASSERT_EQ(links.links_size(), 3);
  EXPECT_EQ(links.links(1).state(), "established");
  EXPECT_EQ(links.links(1).rx_bytes(), 1024);
  EXPECT_DOUBLE_EQ(links.links(1).rtt_seconds(), 0.00025);
  EXPECT_EQ(links.links(2).state(), "retrying");
  EXPECT_EQ(links.links(2).error(), "connection refused");
  EXPECT_EQ(links.links(2).since().seconds(), 1'767'225'595);
}

TEST(View, ListsPoolsAndBlocksWithTheirOwners) {
  const auto ipam = to_ipam(small_cluster());
  EXPECT_EQ(ipam.pools(0).free_blocks(), 4093);
  ASSERT_EQ(ipam.blocks_size(), 3);
  EXPECT_EQ(ipam.blocks(0).owner(), "h1");
  EXPECT_EQ(ipam.blocks(0).addresses(), 2);
  EXPECT_EQ(ipam.blocks(0).epoch().term(), 1);
  EXPECT_EQ(ipam.blocks(0).epoch().seq(), 12);
  EXPECT_EQ(ipam.blocks(1).owner(), "00000000000000000000000000000007");
  EXPECT_EQ(ipam.blocks(2).owner(), "");
  EXPECT_EQ(ipam.blocks(2).state(), "quarantine");
}

TEST(View, ListsAddressesInOrder) {
  const auto addresses = to_addresses(small_cluster());
  ASSERT_EQ(addresses.addresses_size(), 3);
  EXPECT_EQ(addresses.addresses(0).address(), "10.32.0.2");
  EXPECT_EQ(addresses.addresses(0).container(), "a");
  EXPECT_EQ(addresses.addresses(1).address(), "10.32.0.9");
  EXPECT_EQ(addresses.addresses(2).address(), "fd00::9");
  EXPECT_EQ(addresses.addresses(2).since().seconds(), 1);
}

TEST(View, RoundTripsWallTime) {
  for (const WallTime t : {WallTime(0ms), WallTime(1'767'225'600'123ms), WallTime(-1ms)}) {
    EXPECT_EQ(to_wall_time(to_timestamp(t)), t);
  }
}

TEST(View, BoundsTimesToWhatATimestampMaySay) {
  EXPECT_EQ(to_timestamp(WallTime::max()).seconds(), 253'402'214'400);
  EXPECT_EQ(to_timestamp(WallTime::min()).seconds(), -62'135'596'800);
}

v1::LeaseRequest request(const char* network, const std::string& container, const char* interface) {
  v1::LeaseRequest out;
  out.set_network(network);
  out.set_container(container);
  out.set_interface(interface);
  return out;
}

TEST(View, AcceptsTheNamesThatCniAllows) {
  const auto key = to_lease_key(request("my.net_1-x", std::string(255, 'a'), "eth0@if3"));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->network, "my.net_1-x");
  EXPECT_EQ(key->interface, "eth0@if3");
}

TEST(View, RefusesTheNamesThatCniDoesNotAllow) {
  const std::pair<v1::LeaseRequest, const char*> cases[] = {
      {request("", "c", "eth0"), "network"},
      {request("-n", "c", "eth0"), "network"},
      {request("n", "c/../d", "eth0"), "container"},
      {request("n", std::string(256, 'a'), "eth0"), "container"},
      {request("n", "c", ""), "interface"},
      {request("n", "c", ".."), "interface"},
      {request("n", "c", "eth 0"), "interface"},
      {request("n", "c", "eth/0"), "interface"},
      {request("n", "c", "eth0:1"), "interface"},
      {request("n", "c", "sixteen-letters."), "interface"},
  };
  for (const auto& [asked, field] : cases) {
    const auto key = to_lease_key(asked);
    ASSERT_FALSE(key) << asked.ShortDebugString();
    EXPECT_THAT(key.error().text, testing::StartsWith(field));
  }
}

/// All that the answers of one moment say, those with a `since` of core time.
std::string told(const ClockPair& clock) {
  auto view = small_cluster();
  view.alarms.push_back({"fork", "two records disagree", now - 3s});
  return to_status(view, {}, clock).SerializeAsString() + to_peers(view, clock).SerializeAsString() +
         to_links(view, clock).SerializeAsString();
}

TEST(ClockPair, TellsAMomentTheSameInEveryAnswer) {
  ClockPair kept = clock_pair;
  const std::string first = told(kept);
  for (const auto late : {1us, 499us, 1501us, 1000000us}) {
    kept.keep_up({now + 20s, clock_pair.wall + 20s + std::chrono::floor<std::chrono::milliseconds>(late)});
    EXPECT_EQ(told(kept), first) << late.count() << " us between the two readings";
  }
}

TEST(ClockPair, FollowsAWallClockThatWasSet) {
  for (const auto step : {2000ms, -2000ms, 3'600'000ms}) {
    ClockPair kept = clock_pair;
    kept.keep_up({now + 20s, clock_pair.wall + 20s + step});
    EXPECT_EQ(kept.wall_time(now), clock_pair.wall + step);
  }
}

TEST(View, ReadsWhatAnAddWishesFor) {
  auto asked = request("n", "c", "eth0");
  EXPECT_TRUE(to_lease_request(asked)->masquerade);
  asked.add_addresses("10.32.0.9");
  asked.add_addresses("fd00::9");
  asked.set_mac("02:00:00:00:00:09");
  asked.set_without_ipv6(true);
  asked.set_without_masquerade(true);
  const auto wished = to_lease_request(asked).value();
  EXPECT_EQ(wished.addresses, (std::vector{ip("10.32.0.9"), ip("fd00::9")}));
  EXPECT_EQ(wished.mac, parse_mac("02:00:00:00:00:09").value());
  EXPECT_TRUE(wished.without_ipv6);
  EXPECT_FALSE(wished.masquerade);
}

TEST(View, RefusesWishesThatCannotBe) {
  auto two = request("n", "c", "eth0");
  two.add_addresses("10.32.0.9");
  two.add_addresses("10.32.0.8");
  EXPECT_THAT(to_lease_request(two).error().text, testing::HasSubstr("one address of each family"));
  for (const char* mac : {"01:00:5e:00:00:01", "00:00:00:00:00:00", "02:00"}) {
    auto asked = request("n", "c", "eth0");
    asked.set_mac(mac);
    EXPECT_FALSE(to_lease_request(asked)) << mac;
  }
}

TEST(View, ReadsTheAttachmentsOfANetwork) {
  v1::CollectRequest asked;
  EXPECT_THAT(to_valid(asked).error().text, testing::StartsWith("network"));
  asked.set_network("n");
  EXPECT_THAT(to_valid(asked).value(), testing::IsEmpty());
  auto& valid = *asked.add_valid();
  valid.set_container("c");
  valid.set_interface("eth0");
  EXPECT_THAT(to_valid(asked).value(), testing::ElementsAre(ipam::LeaseKey{"n", "c", "eth0"}));
  valid.set_container("../c");
  EXPECT_THAT(to_valid(asked).error().text, testing::StartsWith("container"));
}

}  // namespace
}  // namespace overlay::control
