// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/ways.h"

#include <gtest/gtest.h>

#include "overlay/plan/desired.h"
#include "overlay/plan/test_intents.h"

namespace overlay::plan {
namespace {

TEST(Ways, ReadBackWhatTheKernelWasGiven) {
  Rng rng(1);
  for (int round = 0; round < 300; ++round) {
    Intent intent = example_intent(1, 8);
    std::map<Mac, FoundWay> wanted;
    for (Peer& peer : intent.peers) {
      if (rng.one_in(3)) peer.way.relay = peer.index == 2 ? 3 : 2;
      if (peer.way.relay == 0 && rng.one_in(2)) peer.way.direct = true;
      if (rng.one_in(3)) peer.way.mtu = 1300;
      if (peer.way == Way()) continue;
      FoundWay way{.relay = {}, .direct = peer.way.direct, .mtu = peer.way.mtu};
      if (peer.way.relay != 0) way.relay = example_peer(peer.way.relay).vtep_mac;
      wanted[peer.vtep_mac] = way;
    }
    EXPECT_EQ(ways_in(desired(intent)), (FoundWays{wanted, {}})) << "round " << round;
  }
}

TEST(Ways, ReadBackWhoHasThePacketsOfABlockWhereTheyAreEncrypted) {
  Rng rng(2);
  for (int round = 0; round < 300; ++round) {
    Intent intent = example_intent(1, 8);
    intent.encryption = Encryption{wireguard_secret(SecretSeed{{9}}), 51820};
    std::map<Prefix, FoundBlock> wanted;
    for (Peer& peer : intent.peers) {
      const auto key = static_cast<std::uint8_t>(peer.index);
      peer.key = PeerKey{WireguardKey{{key}}, WireguardKey{{7}}, 51820};
      if (rng.one_in(3)) peer.way.relay = peer.index == 2 ? 3 : 2;
      if (rng.one_in(3)) peer.way.mtu = 1300;
      const Peer by = peer.way.relay != 0 ? example_peer(peer.way.relay) : peer;
      for (const Prefix& block : peer.blocks) wanted[block] = {tunnel_address(by.id), peer.way.mtu};
    }
    EXPECT_EQ(ways_in(desired(intent)), (FoundWays{{}, wanted})) << "round " << round;
  }
}

TEST(Ways, OfAnEmptyKernelAreNone) { EXPECT_TRUE(ways_in({}).empty()); }

TEST(Ways, ThroughAPeerThatHasGoneAreNotKnown) {
  Objects kernel = desired(example_intent(1, 3));
  kernel.nexthops.front().gateway = gateway_handle(9, Family::v4);
  EXPECT_TRUE(ways_in(kernel).empty());
}

}  // namespace
}  // namespace overlay::plan
