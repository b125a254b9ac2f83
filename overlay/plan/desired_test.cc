// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/desired.h"

#include <gmock/gmock.h>
#include <set>

#include "overlay/plan/test_intents.h"

namespace overlay::plan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

template <class T>
std::vector<std::string> texts(const std::vector<T>& list) {
  std::vector<std::string> out;
  for (const T& value : list) out.push_back(value.text());
  return out;
}

TEST(Desired, MakesTheObjectsOfTwoHosts) {
  const Objects objects = desired(example_intent(1, 2));
  const std::string alias = " up alias overlay:" + hash_id<ClusterId>("example").hex();
  const std::string vni = std::to_string(vni_of(hash_id<ClusterId>("example")));
  const std::string vtep = overlay::text(vtep_mac(node_id(2)));
  EXPECT_THAT(texts(objects.links),
              ElementsAre("overlay0 mac " + overlay::text(bridge_mac(node_id(1))) + " mtu 1450" + alias,
                          "overlay.vx mac " + overlay::text(vtep_mac(node_id(1))) + " mtu 1450 vni " + vni +
                              " port 4789 local 192.0.2.1" + alias));
  EXPECT_THAT(
      texts(objects.addresses),
      ElementsAre("10.32.1.0/32 dev overlay0", "169.254.1.1/32 dev overlay0", "169.254.1.1/32 dev overlay.vx",
                  "fd32:0:0:1::/128 dev overlay0", "fe80::1/64 dev overlay0"));
  EXPECT_THAT(texts(objects.fdb), ElementsAre(vtep + " dst 192.0.2.2 dev overlay.vx"));
  EXPECT_THAT(texts(objects.neighbours),
              ElementsAre("10.32.1.1 dev overlay0 lladdr 0a:58:0a:20:01:01",
                          "fd32:0:0:1::1 dev overlay0 lladdr " + overlay::text(pod_mac(ip("fd32:0:0:1::1"))),
                          "169.254.0.2 dev overlay.vx lladdr " + vtep,
                          "fe80::4d00:0:0:2 dev overlay.vx lladdr " + vtep));
  EXPECT_THAT(texts(objects.nexthops), ElementsAre("1291845634 via 169.254.0.2 dev overlay.vx",
                                                   "1308622850 via fe80::4d00:0:0:2 dev overlay.vx"));
  EXPECT_THAT(texts(objects.routes), ElementsAre("10.32.1.0/24 dev overlay0 src 10.32.1.0",
                                                 "10.32.2.0/24 nexthop 1291845634 src 10.32.1.0",
                                                 "fd32:0:0:1::/64 dev overlay0 src fd32:0:0:1::",
                                                 "fd32:0:0:2::/64 nexthop 1308622850 src fd32:0:0:1::"));
}

TEST(Desired, WantsForwardingOnlyOfTheFamiliesThatHaveAPool) {
  Intent intent = example_intent();
  const Setting v4{"net/ipv4/ip_forward", "1"};
  const Setting v6{"net/ipv6/conf/all/forwarding", "1"};
  EXPECT_THAT(desired(intent).settings, Contains(v4));
  EXPECT_THAT(desired(intent).settings, Contains(v6));
  intent.pools = {prefix("10.32.0.0/12")};
  EXPECT_THAT(desired(intent).settings, Contains(v4));
  EXPECT_THAT(desired(intent).settings, Not(Contains(v6)));
  intent.pools = {prefix("fd32::/48")};
  EXPECT_THAT(desired(intent).settings, Not(Contains(v4)));
  EXPECT_THAT(desired(intent).settings, Contains(v6));
}

TEST(Desired, HasNothingOfAFamilyWithoutAPool) {
  Intent intent = example_intent();
  intent.pools = {prefix("fd32::/48")};
  intent.host_addresses = {ip("fd32:0:0:1::")};
  intent.pods.clear();
  intent.blocks = {prefix("fd32:0:0:1::/64")};
  const Objects objects = desired(intent);
  for (const Route& route : objects.routes) EXPECT_EQ(route.destination.family(), Family::v6) << route.text();
  for (const Nexthop& nexthop : objects.nexthops)
    EXPECT_EQ(nexthop.gateway->family(), Family::v6) << nexthop.text();
  for (const Address& address : objects.addresses)
    EXPECT_EQ(address.ip.family(), Family::v6) << address.text();
}

TEST(Desired, PrefersNoSourceWhileThereIsNoHostAddress) {
  Intent intent = example_intent();
  intent.host_addresses.clear();
  for (const Route& route : desired(intent).routes) EXPECT_FALSE(route.source) << route.text();
}

TEST(Desired, LeavesOutAPeerOnTheOtherUnderlayFamily) {
  Intent intent = example_intent(1, 2);
  intent.peers.front().underlay = ip("2001:db8::2");
  const Objects objects = desired(intent);
  EXPECT_THAT(objects.fdb, IsEmpty());
  EXPECT_THAT(objects.nexthops, IsEmpty());
}

TEST(Desired, KeepsOurOwnBlockWhenAPeerClaimsItToo) {
  Intent intent = example_intent(1, 2);
  intent.peers.front().blocks = intent.blocks;
  for (const Route& route : desired(intent).routes) EXPECT_FALSE(route.nexthop) << route.text();
}

TEST(Desired, SendsWhatARelayPassesOnToTheRelay) {
  Intent intent = example_intent(1, 3);
  intent.peers.front().way.relay = 3;
  EXPECT_THAT(texts(desired(intent).nexthops), ElementsAre("1291845634 via 169.254.0.3 dev overlay.vx",
                                                           "1291845635 via 169.254.0.3 dev overlay.vx",
                                                           "1308622850 via fe80::4d00:0:0:3 dev overlay.vx",
                                                           "1308622851 via fe80::4d00:0:0:3 dev overlay.vx"));
}

TEST(Desired, RoutesToANeighbourBeforeTheTunnelAndKeepsThatBeneath) {
  Intent intent = example_intent(1, 2);
  intent.peers.front().way = {.direct = true, .mtu = 1400};
  EXPECT_THAT(texts(desired(intent).routes),
              ElementsAre("10.32.1.0/24 dev overlay0 src 10.32.1.0",
                          "10.32.2.0/24 via 192.0.2.2 on device 7 src 10.32.1.0 mtu 1400",
                          "10.32.2.0/24 nexthop 1291845634 metric 1024 src 10.32.1.0 mtu 1400",
                          "fd32:0:0:1::/64 dev overlay0 src fd32:0:0:1::",
                          "fd32:0:0:2::/64 nexthop 1308622850 src fd32:0:0:1:: mtu 1400"));
  intent.underlay.device = 0;
  EXPECT_THAT(desired(intent).routes.size(), 4u) << "an address that is on no device has no neighbours";
}

TEST(GatewayHandle, IsDistinctForEveryPeerAndNeverAnAddressInUse) {
  for (const Family family : {Family::v4, Family::v6}) {
    std::set<Ip> seen = {pod_gateway(family), ip("169.254.0.0"), ip("169.254.255.255"), ip("fe80::")};
    const std::size_t taken = seen.size();
    for (std::uint32_t index = 1; index <= peer_index_max; ++index)
      seen.insert(gateway_handle(index, family));
    EXPECT_EQ(seen.size(), taken + peer_index_max) << name(family);
  }
  EXPECT_EQ(gateway_handle(1, Family::v4), ip("169.254.0.1"));
  EXPECT_EQ(gateway_handle(257, Family::v4), ip("192.0.0.1"));
  EXPECT_EQ(gateway_handle(65535, Family::v4), ip("192.0.0.255"));
  EXPECT_EQ(gateway_handle(1, Family::v6), ip("fe80::4d00:0:0:1"));
}

TEST(OverlayMtu, LeavesRoomForTheOuterHeaders) {
  EXPECT_EQ(overlay_mtu(1500, Family::v4, false), 1450u);
  EXPECT_EQ(overlay_mtu(1500, Family::v6, false), 1430u);
  EXPECT_EQ(overlay_mtu(9000, Family::v4, false), 8950u);
  EXPECT_EQ(overlay_mtu(40, Family::v4, false), 0u);
}

TEST(Alias, NamesTheClusterAndIsReadBack) {
  const auto cluster = hash_id<ClusterId>("x");
  EXPECT_EQ(cluster_of_alias(alias_of(cluster)), cluster);
  for (const char* foreign : {"", "overlay:", "overlay:12", "weave:00", "uplink"}) {
    EXPECT_FALSE(cluster_of_alias(foreign)) << foreign;
  }
}

TEST(NexthopId, IsOursOnlyInsideTheTwoRanges) {
  for (const std::uint32_t ours : {0x4d000001u, 0x4d00ffffu, 0x4e000001u, 0x4e00ffffu}) {
    EXPECT_TRUE(is_our_nexthop_id(ours)) << ours;
  }
  for (const std::uint32_t foreign : {0u, 1u, 0x4d000000u, 0x4d010000u, 0x4e010001u, 0x4f000001u}) {
    EXPECT_FALSE(is_our_nexthop_id(foreign)) << foreign;
  }
}

}  // namespace
}  // namespace overlay::plan
