// SPDX-License-Identifier: Apache-2.0
#include "overlay/consensus/voters.h"

#include <gtest/gtest.h>

#include "overlay/consensus/test_decrees.h"

namespace overlay::consensus {
namespace {

using namespace std::chrono_literals;

Member up(std::uint8_t number, Duration since, const std::string& zone = "a") {
  return {key(number).public_key, zone, true, since};
}
Member down(std::uint8_t number, Duration since) { return {key(number).public_key, "a", false, since}; }

TEST(Voters, GrowToThreeWhenTwoMoreHaveBeenThereForTenMinutes) {
  const auto one = public_keys({1});
  EXPECT_EQ(improved(one, {up(1, 1h), up(2, 1h)}), std::nullopt) << "two voters survive no loss";
  EXPECT_EQ(improved(one, {up(1, 1h), up(2, 1h), up(3, 9min)}), std::nullopt);
  EXPECT_EQ(improved(one, {up(1, 1h), up(2, 1h), up(3, 10min)}), public_keys({1, 2, 3}));
  EXPECT_EQ(improved(public_keys({1, 2, 3}), {up(1, 1h), up(2, 1h), up(3, 1h), up(4, 1h)}), std::nullopt);
}

TEST(Voters, GrowToFiveAboveFiftyMembers) {
  std::vector<Member> members;
  for (std::uint8_t i = 1; i <= 50; ++i) members.push_back(up(i, std::chrono::hours(100 - i)));
  EXPECT_EQ(improved(public_keys({1, 2, 3}), members), std::nullopt);
  members.push_back(up(51, 1h));
  EXPECT_EQ(improved(public_keys({1, 2, 3}), members), public_keys({1, 2, 3, 4, 5}));
}

TEST(Voters, AreSpreadOverTheZonesAndThenTheLongestLived) {
  const std::vector<Member> members = {up(1, 9h, "a"), up(2, 8h, "a"), up(3, 2h, "b"), up(4, 1h, "b")};
  EXPECT_EQ(improved(public_keys({1}), members), public_keys({1, 3, 2}));
}

TEST(Voters, ReplaceALostOneInItsPlaceBeforeAnythingElse) {
  const auto three = public_keys({1, 2, 3});
  EXPECT_EQ(improved(three, {up(1, 1h), down(2, 9min), up(3, 1h), up(4, 1h)}), std::nullopt);
  EXPECT_EQ(improved(three, {up(1, 1h), down(2, 10min), up(3, 1h), up(4, 1h)}), public_keys({1, 4, 3}));
  EXPECT_EQ(improved(three, {up(1, 1h), down(2, 10min), up(3, 1h)}), std::nullopt);
}

TEST(Voters, WithoutARemovedOneStayAnOddNumber) {
  const auto three = public_keys({1, 2, 3});
  EXPECT_EQ(without(three, {node(2)}, {up(1, 1h), up(3, 1h), up(4, 1s)}), public_keys({1, 4, 3}));
  EXPECT_EQ(without(three, {node(2)}, {up(1, 1h), up(2, 1h), up(3, 1h)}), public_keys({1}));
  EXPECT_EQ(without(three, {node(1), node(4)}, {up(3, 1h), up(4, 1h)}), public_keys({3}))
      << "one that nobody knows is no voter to rely on";
  EXPECT_EQ(without(three, {node(7)}, {up(4, 1h)}), three);
}

TEST(Voters, ThatLeaveAreReplacedByWhoeverIsThere) {
  const auto three = public_keys({1, 2, 3});
  Member leaving = up(2, 1h);
  leaving.leaving = true;
  EXPECT_EQ(without_leaving(three, {up(1, 1h), up(2, 1h), up(3, 1h), up(4, 1h)}), std::nullopt);
  EXPECT_EQ(without_leaving(three, {up(1, 1h), leaving, up(3, 1h), up(4, 1s)}), public_keys({1, 4, 3}));
  EXPECT_EQ(without_leaving(three, {down(1, 1s), leaving, up(3, 1h)}), public_keys({3}))
      << "one that is away would be half of two";
  EXPECT_EQ(without_leaving(public_keys({2}), {leaving}), std::nullopt) << "nobody else is there";
  EXPECT_EQ(improved(public_keys({1}), {up(1, 1h), leaving, up(3, 1h)}), std::nullopt)
      << "who leaves becomes no voter";
}

TEST(Voters, OfARecoveredClusterAreThoseThatAreThere) {
  EXPECT_EQ(recovered(key(4).public_key, {up(4, 1s), down(1, 1h), down(2, 1h)}), public_keys({4}));
  EXPECT_EQ(recovered(key(4).public_key, {up(4, 1s), up(5, 1s), down(1, 1h)}), public_keys({4}));
  EXPECT_EQ(recovered(key(4).public_key, {up(4, 1s), up(5, 2s), up(6, 1s), down(1, 1h)}),
            public_keys({4, 5, 6}));
}

}  // namespace
}  // namespace overlay::consensus
