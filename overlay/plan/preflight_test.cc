// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/preflight.h"

#include <gmock/gmock.h>

#include "overlay/plan/test_intents.h"

namespace overlay::plan {
namespace {

TEST(PoolAgainstRoutes, RefusesARouteInsideAndWarnsOfAWiderOne) {
  const std::string inside = "; give another --pool or remove the route";
  const struct {
    const char* route;
    const char* error;  // nullptr: none
    std::size_t warnings;
  } cases[] = {
      {"10.32.0.0/12", "pool 10.32.0.0/12 holds this host's route 10.32.0.0/12 dev eth1", 0},
      {"10.40.1.0/24", "pool 10.32.0.0/12 holds this host's route 10.40.1.0/24 dev eth1", 0},
      {"10.0.0.0/8", nullptr, 1},
      {"0.0.0.0/0", nullptr, 0},
      {"192.168.0.0/16", nullptr, 0},
      {"fd00::/8", nullptr, 0},
  };
  for (const auto& [route, error, warnings] : cases) {
    const auto result = check_pool_against_routes({prefix("10.32.0.0/12")}, {{prefix(route), "eth1"}});
    ASSERT_EQ(result.has_value(), error == nullptr) << route;
    if (error) {
      EXPECT_EQ(result.error(), (Error{Errc::conflict, error + inside}));
    } else {
      EXPECT_EQ(result->size(), warnings) << route;
    }
  }
}

TEST(PoolAgainstRoutes, SaysWhichWiderRouteLosesAPart) {
  const auto result = check_pool_against_routes({prefix("10.32.0.0/12")}, {{prefix("10.0.0.0/8"), "tun0"}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->front(),
            "pool 10.32.0.0/12 is inside this host's route 10.0.0.0/8 dev tun0, which no longer leads there; "
            "give another --pool if something is");
}

TEST(PoolAgainstUnderlay, RefusesAPoolThatHoldsTheUnderlayAddress) {
  const std::vector<Prefix> pools = {prefix("10.32.0.0/12"), prefix("fd32::/48")};
  EXPECT_TRUE(check_pool_against_underlay(pools, ip("192.0.2.1")));
  EXPECT_EQ(
      check_pool_against_underlay(pools, ip("10.33.0.7")).error().text,
      "pool 10.32.0.0/12 holds the underlay address 10.33.0.7; give another --pool or --underlay-address");
  EXPECT_FALSE(check_pool_against_underlay(pools, ip("fd32::7")));
}

}  // namespace
}  // namespace overlay::plan
