// SPDX-License-Identifier: Apache-2.0
// Goal: a chain grows only by what a majority of its voters decided, and says of each moment who votes, who
// holds which seat and who is out.
#include <gtest/gtest.h>

#include "overlay/consensus/test_decrees.h"

namespace overlay::consensus {
namespace {

std::string verdict(const Chain& chain, const Decree& decree, const Proof& proof) {
  const Status status = chain.check(decree, proof);
  return status ? "good" : std::string(name(status.error().code)) + ": " + status.error().text;
}

/// Adds the next decree with `change`, which voters 1 and 2 accept.
void grow(Chain& chain, const Change& change = {}) {
  Decree decree = next(chain, change);
  const Proof proof = prove(decree, chain.cluster(), {1, 2});
  ASSERT_EQ(verdict(chain, decree, proof), "good");
  EXPECT_TRUE(chain.add(decree).empty());
}

TEST(Chain, GrowsByWhatAMajorityOfTheVotersBeforeAccepted) {
  Chain chain = founded(3);
  Decree decree = next(chain);
  const Proof proof = prove(decree, chain.cluster(), {1, 3});
  EXPECT_EQ(verdict(chain, decree, proof), "good");
  chain.add(decree);
  EXPECT_EQ(chain.term(), 1U);
  EXPECT_EQ(verdict(chain, decree, proof), "exists: decree 1 is known");
}

TEST(Chain, RefusesAProofThatIsNone) {
  const Chain chain = founded(3);
  Decree decree = next(chain);
  const auto of = [&](std::initializer_list<std::uint8_t> by) {
    return verdict(chain, decree, prove(decree, chain.cluster(), by));
  };
  EXPECT_EQ(of({1}), "invalid: decree 1, accepted by 1 of 3 voters, which is no majority");
  EXPECT_EQ(of({1, 1}), "invalid: decree 1, accepted by 1 of 3 voters, which is no majority");
  EXPECT_EQ(of({1, 4}), "invalid: decree 1, accepted by a node that does not vote on it");
  const std::string forged = "invalid: decree 1, with a signature that does not verify";
  EXPECT_EQ(verdict(chain, decree, prove(decree, ClusterId{{8}}, {1, 2})), forged);
  Proof proof = prove(decree, chain.cluster(), {1, 2});
  proof.ballot.round = 2;
  EXPECT_EQ(verdict(chain, decree, proof), forged) << "signatures of another ballot";
  proof = prove(decree, chain.cluster(), {1, 2});
  decree.hash = hash_of_value("another");
  EXPECT_EQ(verdict(chain, decree, proof), forged) << "signatures of another value";
}

TEST(Chain, RefusesADecreeThatDoesNotFollow) {
  Chain chain = founded(3);
  Decree decree = next(chain);
  decree.previous = hash_of_value("another past");
  const Proof proof = prove(decree, chain.cluster(), {1, 2});
  EXPECT_EQ(verdict(chain, decree, proof), "invalid: decree 1, which does not follow from this chain");
  grow(chain);
  Decree far = next(chain);
  far.index = 4;
  far.follows = 3;
  EXPECT_EQ(verdict(chain, far, prove(far, chain.cluster(), {1, 2})),
            "unavailable: decree 4 follows decree 3, which has not come yet");
  far.index = 9;
  EXPECT_EQ(verdict(chain, far, prove(far, chain.cluster(), {1, 2})),
            "invalid: decree 9 cannot follow decree 3");
}

TEST(Chain, KnowsTwoProvedValuesOfOneIndexForAConflict) {
  Chain chain = founded(3);
  grow(chain);
  Decree other = next(founded(3));
  EXPECT_EQ(verdict(chain, other, prove(other, chain.cluster(), {2, 3}, "another")),
            "conflict: two values of decree 1, each proved");
  EXPECT_EQ(verdict(chain, other, prove(other, chain.cluster(), {2}, "another")),
            "invalid: decree 1, accepted by 1 of 3 voters, which is no majority")
      << "a lie is no conflict";
}

TEST(Chain, MovesTheSeatsOfAReplacedVoterAndNoOthers) {
  Chain chain = founded(3);
  Decree decree = next(chain);
  decree.voters = public_keys({1, 9, 3});
  prove(decree, chain.cluster(), {1, 2});
  chain.add(decree);
  EXPECT_EQ(chain.seats_of(key(9).public_key), (std::vector<std::uint32_t>{1, 4, 7}));
  EXPECT_EQ(chain.seats_of(key(3).public_key), (std::vector<std::uint32_t>{2, 5}));
  EXPECT_TRUE(chain.seats_of(key(2).public_key).empty());
  EXPECT_EQ(chain.holder(1, 0), key(2).public_key) << "under genesis it was his";
  EXPECT_EQ(chain.holder(1, 1), key(9).public_key);
  EXPECT_EQ(chain.holder(1, 2), std::nullopt);
  EXPECT_TRUE(chain.is_voter(key(9).public_key));
  EXPECT_FALSE(chain.is_voter(key(2).public_key));
}

TEST(Chain, KeepsRemovedNodesForEverAndFollowsTheirHeirs) {
  Chain chain = founded(2);
  grow(chain, {.removed = {{node(5), "h5", node(6)}, {node(8), "h8", std::nullopt}}});
  grow(chain, {.removed = {{node(6), "h6", node(7)}}});
  EXPECT_EQ(chain.removed(node(5)), (Removal{1, "h5", node(6)}));
  EXPECT_EQ(chain.removed(node(7)), std::nullopt);
  EXPECT_EQ(chain.successor(node(5)), node(7));
  EXPECT_EQ(chain.successor(node(7)), node(7));
  EXPECT_EQ(chain.successor(node(8)), std::nullopt);
  Decree again = next(chain, {.removed = {{node(5), "h5", std::nullopt}}});
  EXPECT_EQ(verdict(chain, again, prove(again, chain.cluster(), {1, 2})),
            "invalid: decree 3: it names a node that was removed before");
  Decree back = next(chain);
  back.voters = public_keys({1, 5, 3});
  EXPECT_EQ(verdict(chain, back, prove(back, chain.cluster(), {1, 2})),
            "invalid: decree 3, which makes a removed node a voter");
}

TEST(Chain, TakesMorePoolsAssignmentsAndFeatures) {
  Chain chain = founded(2);
  const auto pool = [](const char* text) { return Prefix::parse(text).value(); };
  grow(chain,
       {.pools = {pool("10.16.0.0/16")}, .assigned = {{pool("10.16.3.0/24"), node(3)}}, .feature_level = 2});
  EXPECT_EQ(chain.pools(), (std::vector{pool("10.16.0.0/16"), pool("10.32.0.0/12")}));
  EXPECT_EQ(chain.assigned().at(pool("10.16.3.0/24")).owner, node(3));
  EXPECT_EQ(chain.feature_level(), 2U);
  const auto refused = [&](const Change& change) {
    Decree decree = next(chain, change);
    return verdict(chain, decree, prove(decree, chain.cluster(), {1, 2}));
  };
  EXPECT_EQ(refused({.pools = {pool("10.32.8.0/24")}}),
            "invalid: decree 2: the pool 10.32.8.0/24 overlaps the pool 10.32.0.0/12");
  EXPECT_EQ(refused({.pools = {pool("10.64.0.0/28")}}),
            "invalid: decree 2: the pool 10.64.0.0/28 is smaller than one block, a /24; give a larger one");
  EXPECT_EQ(refused({.assigned = {{pool("10.99.0.0/24"), node(3)}}}),
            "invalid: decree 2: no pool holds 10.99.0.0/24");
  EXPECT_EQ(refused({.feature_level = 1}), "invalid: decree 2: it lowers the feature level");
}

TEST(Chain, TellsWhatOfAChangeIsNotSoYet) {
  Chain chain = founded(2);
  const Change five{.removed = {{node(5), "h5", std::nullopt}}};
  const Change both = combined(five, {.removed = {{node(6), "h6", {}}, {node(5), "again", node(6)}}});
  EXPECT_EQ(both.removed.size(), 2U);
  EXPECT_EQ(chain.unmet(both), both);
  grow(chain, five);
  EXPECT_EQ(chain.unmet(both), (Change{.removed = {{node(6), "h6", {}}}}));
  EXPECT_TRUE(chain.unmet(five).empty());
}

TEST(Chain, IsOvertakenByARecoveryWhateverWasDecidedUnheard) {
  Chain heard = founded(3);
  Chain unheard = founded(3);
  grow(heard);
  grow(unheard);
  grow(unheard, {.removed = {{node(9), "h9", std::nullopt}}});

  Decree recovery = next(heard);
  recovery.index = recovery_index(heard.term());
  recovery.voters = public_keys({9});
  const Proof proof = prove(recovery, heard.cluster(), {9});
  for (Chain* chain : {&heard, &unheard}) {
    ASSERT_EQ(verdict(*chain, recovery, proof), "good");
    const auto displaced = chain->add(recovery);
    EXPECT_EQ(displaced.size(), chain == &heard ? 0U : 1U);
    EXPECT_EQ(chain->term(), std::uint64_t{1} << 32);
    EXPECT_EQ(chain->voters(), public_keys({9}));
    EXPECT_EQ(chain->removed(node(9)), std::nullopt);
  }
  Decree late = next(founded(3));
  late.index = 2;
  late.follows = 1;
  EXPECT_EQ(verdict(heard, late, prove(late, heard.cluster(), {1, 2})),
            "exists: decree 2 was overtaken by a recovery");
  Decree second = recovery;
  EXPECT_EQ(verdict(heard, second, prove(second, heard.cluster(), {8}, "another")),
            "conflict: two values of decree 4294967296, each proved");
}

TEST(Decree, ThatContradictsItselfIsRefused) {
  const auto refused = [](auto change) {
    Decree decree = next(founded(3));
    change(decree);
    const Status status = validate(decree);
    return status ? std::string("accepted") : status.error().text;
  };
  EXPECT_EQ(refused([](Decree&) {}), "accepted");
  EXPECT_EQ(refused([](Decree& d) { d.voters.clear(); }), "a decree names 0 voters, not 1 to 5");
  EXPECT_EQ(refused([](Decree& d) { d.voters = public_keys({1, 1}); }), "a decree names one voter twice");
  EXPECT_EQ(refused([](Decree& d) {
              d.change.removed = {{node(8), "", {}}, {node(8), "", {}}};
            }),
            "a decree removes one node twice");
  EXPECT_EQ(refused([](Decree& d) {
              d.change.removed = {{node(1), "h1", {}}};
            }),
            "a decree removes " + node(1).short_hex() + ", one of its voters");
  EXPECT_EQ(refused([](Decree& d) {
              d.change.removed = {{node(7), "h7", node(8)}, {node(8), "h8", {}}};
            }),
            "a decree gives the blocks of " + node(7).short_hex() + " to " + node(8).short_hex() +
                ", which it removes");
  EXPECT_EQ(refused([](Decree& d) { d.follows = ~std::uint64_t{0}, d.index = 0; }),
            "decree 0 cannot follow decree 18446744073709551615");
}

}  // namespace
}  // namespace overlay::consensus
