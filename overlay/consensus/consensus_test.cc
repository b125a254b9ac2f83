// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "overlay/consensus/chain.h"

namespace overlay::consensus {
namespace {

Genesis good() {
  Genesis genesis;
  genesis.pools = {Prefix::parse("10.32.0.0/12").value()};
  genesis.voters = {KeyPair::from_seed({}).public_key};
  return genesis;
}

TEST(Genesis, WithDefaultsIsValid) { EXPECT_TRUE(validate(good())); }

TEST(Genesis, NamesTheFlagThatWouldCureIt) {
  const auto refused = [](auto change) {
    Genesis genesis = good();
    change(genesis);
    const Status status = validate(genesis);
    return status ? std::string("accepted") : status.error().text;
  };
  EXPECT_EQ(refused([](Genesis& g) { g.pools.clear(); }),
            "a cluster needs an address pool; give --pool CIDR");
  EXPECT_EQ(refused([](Genesis& g) { g.pools.push_back(Prefix::parse("10.64.0.0/12").value()); }),
            "two pools of one family, --pool 10.32.0.0/12 and --pool 10.64.0.0/12; give at most one IPv4 and "
            "one IPv6 "
            "pool");
  EXPECT_EQ(refused([](Genesis& g) { g.block_length_v4 = 8; }),
            "--block-prefix 8 does not fit the pool 10.32.0.0/12; give a length from 12 to 31");
  EXPECT_EQ(refused([](Genesis& g) { g.pools = {Prefix::parse("224.0.0.0/4").value()}; }),
            "--pool 224.0.0.0/4 is not unicast space; give a private range");
  EXPECT_EQ(refused([](Genesis& g) { g.vni = 0x1000000; }),
            "--vni 16777216 has more than 24 bits; give 1 to 16777215");
  EXPECT_EQ(refused([](Genesis& g) { g.vxlan_port = 0; }), "--vxlan-port 0 is not a port; give 1 to 65535");
  EXPECT_EQ(refused([](Genesis& g) { g.voters.clear(); }), "a genesis names 0 voters, not 1 to 5");
  EXPECT_EQ(refused([](Genesis& g) { g.seats = 0; }), "a genesis has 0 seats, not 1 to 64");
}

TEST(Chain, GivesEverySeatToAVoterInTurn) {
  Genesis genesis = good();
  genesis.voters.push_back(KeyPair::from_seed(SecretSeed{{1}}).public_key);
  const Chain chain(genesis, ClusterId{{7}});
  EXPECT_EQ(chain.seats_of(genesis.voters[0]), (std::vector<std::uint32_t>{0, 2, 4, 6}));
  EXPECT_EQ(chain.seats_of(genesis.voters[1]), (std::vector<std::uint32_t>{1, 3, 5, 7}));
  EXPECT_EQ(chain.seats_of(PublicKey{}), std::vector<std::uint32_t>{});
  EXPECT_EQ(chain.holder(8), std::nullopt);
}

TEST(Chain, DerivesTheVniUnlessOneWasGiven) {
  Genesis genesis = good();
  EXPECT_GE(Chain(genesis, ClusterId{{7}}).vni(), 0x100000U);
  genesis.vni = 42;
  EXPECT_EQ(Chain(genesis, ClusterId{{7}}).vni(), 42U);
}

}  // namespace
}  // namespace overlay::consensus
