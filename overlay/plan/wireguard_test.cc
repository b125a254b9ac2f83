// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/wireguard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "overlay/plan/desired.h"
#include "overlay/plan/test_intents.h"

namespace overlay::plan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const WireguardKey low = wireguard_public(wireguard_secret(SecretSeed{{1}}));
const WireguardKey high = wireguard_public(wireguard_secret(SecretSeed{{2}}));
const PairRoot old_root{1, sha256("old")};
const PairRoot new_root{2, sha256("new")};

/// What each of the two comes to; they must agree.
std::optional<WireguardKey> agreed(const std::vector<PairRoot>& one, const std::vector<PairRoot>& other) {
  const auto ids = [](const std::vector<PairRoot>& roots) {
    std::vector<std::uint64_t> out;
    for (const PairRoot& root : roots) out.push_back(root.id);
    return out;
  };
  const auto here = preshared_key(low, one, high, ids(other));
  EXPECT_EQ(here, preshared_key(high, other, low, ids(one)));
  return here;
}

/// Encrypted, with peers 1.. of one block each, 10.32.INDEX.0/24.
Intent encrypted(std::uint8_t peers) {
  Intent intent = example_intent(9, 0);
  intent.encryption = Encryption{wireguard_secret(SecretSeed{{9}}), 51820};
  intent.peers.clear();
  for (std::uint8_t i = 1; i <= peers; ++i) {
    intent.peers.push_back({.index = i,
                            .id = NodeId{{i}},
                            .vtep_mac = {},
                            .underlay = Ip::v4(0xc0000200u + i),
                            .blocks = {Prefix::around(Ip::v4(0x0a200000u + (i << 8)), 24)},
                            .key = PeerKey{WireguardKey{{i}}, WireguardKey{{7}}, 51820}});
  }
  return intent;
}

const WireguardPeer& peer_of(const Objects& objects, std::uint8_t index) {
  return *std::ranges::find(objects.wireguard, WireguardKey{{index}}, &WireguardPeer::public_key);
}

TEST(Preshared, IsOfTheSecretBothHold) {
  const auto first = agreed({old_root}, {old_root});
  ASSERT_TRUE(first);
  EXPECT_EQ(agreed({old_root}, {old_root, new_root}), first);
  EXPECT_EQ(agreed({old_root, new_root}, {old_root, new_root}), first);
  const auto last = agreed({new_root}, {new_root});
  EXPECT_NE(last, first);
  EXPECT_EQ(agreed({new_root, old_root}, {new_root}), last);
}

TEST(Preshared, IsOneOfThemWhileTheSecretChanges) {
  const auto between = agreed({old_root, new_root}, {new_root, old_root});
  EXPECT_TRUE(between == agreed({old_root}, {old_root}) || between == agreed({new_root}, {new_root}));
}

TEST(Preshared, IsNoneWithoutACommonSecret) {
  EXPECT_EQ(agreed({old_root}, {new_root}), std::nullopt);
  EXPECT_EQ(agreed({old_root}, {}), std::nullopt);
}

TEST(Preshared, IsZeroWhereNeitherHasASecret) { EXPECT_EQ(agreed({}, {}), WireguardKey()); }

TEST(Preshared, DiffersForEveryPair) {
  const WireguardKey third = wireguard_public(wireguard_secret(SecretSeed{{3}}));
  EXPECT_NE(preshared_key(low, {old_root}, high, {1}), preshared_key(low, {old_root}, third, {1}));
}

TEST(Encrypted, PacketsLeaveByWireguardAlone) {
  const Objects objects = desired(encrypted(2));
  for (const Link& link : objects.links) EXPECT_NE(link.device, Device::vxlan);
  EXPECT_THAT(objects.fdb, IsEmpty());
  EXPECT_THAT(objects.members, IsEmpty());
  for (const Nexthop& nexthop : objects.nexthops) EXPECT_EQ(nexthop.gateway, std::nullopt) << nexthop.text();
  EXPECT_EQ(objects.wireguard.size(), 2u);
}

TEST(Encrypted, NoDirectRouteLeadsPastIt) {
  Intent intent = encrypted(1);
  intent.underlay.device = 2;
  intent.peers[0].way.direct = true;
  for (const Route& route : desired(intent).routes) EXPECT_EQ(route.gateway, std::nullopt) << route.text();
}

TEST(Encrypted, APeerWithoutAKeyIsNotReachedAtAll) {
  Intent intent = encrypted(2);
  intent.peers[1].key.reset();
  const Objects objects = desired(intent);
  EXPECT_EQ(objects.wireguard.size(), 1u);
  for (const Route& route : objects.routes) EXPECT_NE(route.destination, intent.peers[1].blocks[0]);
}

TEST(Encrypted, AnAllowedBlockHasOnePeer) {
  Intent intent = encrypted(2);
  intent.peers[1].blocks = intent.peers[0].blocks;
  const Objects objects = desired(intent);
  EXPECT_EQ(peer_of(objects, 1).allowed.size(), 2u);
  EXPECT_THAT(peer_of(objects, 2).allowed, ElementsAre(Prefix::host(tunnel_address(NodeId{{2}}))));
}

TEST(Encrypted, TheRelayIsAllowedTheBlocksAndThePeerItsTunnelAddress) {
  Intent intent = encrypted(2);
  intent.peers[1].way.relay = 1;
  const Objects objects = desired(intent);
  EXPECT_THAT(peer_of(objects, 1).allowed, ElementsAre(intent.peers[0].blocks[0], intent.peers[1].blocks[0],
                                                       Prefix::host(tunnel_address(NodeId{{1}}))));
  EXPECT_THAT(peer_of(objects, 2).allowed, ElementsAre(Prefix::host(tunnel_address(NodeId{{2}}))));
}

TEST(Encrypted, OnlyAHostBehindANatKeepsItsMappingAlive) {
  Intent intent = encrypted(1);
  intent.underlay.address = Ip::v4(0xc0a80002);
  EXPECT_GT(peer_of(desired(intent), 1).keepalive, 0);
  intent.peers[0].underlay = Ip::v4(0xc0a80003);
  EXPECT_EQ(peer_of(desired(intent), 1).keepalive, 0);
  intent.underlay.address = Ip::v4(0xc0000263);
  EXPECT_EQ(peer_of(desired(intent), 1).keepalive, 0);
}

TEST(Encrypted, NoTextHoldsASecret) {
  const Intent intent = encrypted(1);
  for (const Object& object : desired(intent).all()) {
    EXPECT_THAT(text(object), Not(HasSubstr(intent.encryption->secret.hex())));
    EXPECT_THAT(text(object), Not(HasSubstr(intent.peers[0].key->preshared.hex())));
  }
}

TEST(Change, SaysAllOfANewPeerAndOfAKnownOneWhatDiffers) {
  const WireguardPeer before = peer_of(desired(encrypted(1)), 1);
  WireguardPeer after = before;
  after.allowed.insert(after.allowed.begin(), Prefix::parse("10.32.0.0/24").value());
  const Operation add{Operation::Verb::add, before, std::nullopt};
  const Operation change{Operation::Verb::change, after, before};
  const auto added = change_of({&add, 1}).peers.at(0);
  EXPECT_EQ(added.preshared, before.preshared);
  EXPECT_EQ(added.endpoint, before.endpoint);
  const auto changed = change_of({&change, 1}).peers.at(0);
  EXPECT_EQ(changed, (WireguardUpdate{.public_key = before.public_key, .allowed = {after.allowed[0]}}));
}

TEST(Change, TakesAwayWhatIsNotAllowedAnyMore) {
  const WireguardPeer before = peer_of(desired(encrypted(1)), 1);
  WireguardPeer after = before;
  after.allowed.erase(after.allowed.begin());
  const Operation change{Operation::Verb::change, after, before};
  const auto changed = change_of({&change, 1}).peers.at(0);
  EXPECT_TRUE(changed.replace_allowed);
  EXPECT_EQ(changed.allowed, after.allowed);
}

TEST(Change, GivesABlockToTheRelayWithoutTakingAnythingElseAway) {
  const Objects before = desired(encrypted(2));
  Intent intent = encrypted(2);
  intent.peers[1].way.relay = 1;
  const auto operations = diff(desired(intent), before, false);
  for (const WireguardUpdate& update : change_of(operations).peers) EXPECT_FALSE(update.replace_allowed);
  Objects kernel = before;
  for (const Operation& operation : operations) apply(operation, kernel);
  EXPECT_EQ(kernel, desired(intent));
}

TEST(Roaming, AnEndpointThatAnswersIsAsGoodAsTheWantedOne) {
  const WireguardPeer wanted = peer_of(desired(encrypted(1)), 1);
  WireguardState state{.secret = {}, .port = 0, .peers = {{wanted, 1000}}};
  state.peers[0].peer.endpoint.port = 4000;
  EXPECT_THAT(peers_of(state, {wanted}, 1100), ElementsAre(wanted));
  EXPECT_THAT(peers_of(state, {wanted}, 1200), Not(ElementsAre(wanted)));
}

TEST(Roaming, OfAPeerThatNeverAnsweredTheWantedEndpointCounts) {
  const WireguardPeer wanted = peer_of(desired(encrypted(1)), 1);
  WireguardState state{.secret = {}, .port = 0, .peers = {{wanted, 0}}};
  state.peers[0].peer.endpoint.port = 4000;
  EXPECT_THAT(peers_of(state, {wanted}, 1100), Not(ElementsAre(wanted)));
}

}  // namespace
}  // namespace overlay::plan
