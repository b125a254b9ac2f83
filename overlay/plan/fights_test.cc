// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/fights.h"

#include <gmock/gmock.h>

#include "overlay/plan/desired.h"
#include "overlay/plan/test_intents.h"

namespace overlay::plan {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

/// One host whose first route somebody takes away whenever it is there.
struct Contested {
  Objects wanted = desired(example_intent());
  Fights fights;
  Time now{};

  /// Whether it is put back.
  bool repairs() { return repairs({Operation::Verb::add, wanted.routes.front(), std::nullopt}); }
  bool repairs(const Operation& operation) {
    std::vector<Operation> operations{operation};
    fights.hold_back(operations, wanted, now);
    return !operations.empty();
  }
  /// How often it is, while looking every 20 ms.
  int repairs_within(Duration span) {
    int count = 0;
    for (const Time end = now + span; now < end; now += milliseconds(20)) count += repairs() ? 1 : 0;
    return count;
  }
};

TEST(FightsTest, RepairAtOnceWhatIsDamagedNowAndThen) {
  Contested host;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(host.repairs());
    host.now += Fights::window / Fights::repairs_max;
  }
  EXPECT_THAT(host.fights.objects(host.now), IsEmpty());
}

TEST(FightsTest, CountWhatIsRepairedByKindAndNothingElse) {
  Contested host;
  const Object route = host.wanted.routes.front();
  host.repairs();
  host.repairs({Operation::Verb::remove, route, std::nullopt});
  EXPECT_THAT(host.fights.take_repairs(), ElementsAre(Pair("route", 1)));
  EXPECT_THAT(host.fights.take_repairs(), IsEmpty());
  host.wanted = {};
  host.repairs({Operation::Verb::add, route, std::nullopt});
  EXPECT_THAT(host.fights.take_repairs(), IsEmpty()) << "it is new, and not repaired";
}

TEST(FightsTest, BackOffFromWhatIsDamagedAgainAndAgainAndSaySo) {
  Contested host;
  EXPECT_EQ(host.repairs_within(Fights::hold_min), Fights::repairs_max + 1);
  EXPECT_THAT(host.fights.objects(host.now), ElementsAre("route 10.32.1.0/24"));
  EXPECT_LT(host.repairs_within(std::chrono::hours(1)), 20);
}

TEST(FightsTest, ForgetAFightThatIsOver) {
  Contested host;
  host.repairs_within(std::chrono::seconds(1));
  host.now += Fights::window + 3 * Fights::hold_min;
  EXPECT_THAT(host.fights.objects(host.now), IsEmpty());
  EXPECT_EQ(host.repairs_within(std::chrono::seconds(1)), Fights::repairs_max + 1);
}

TEST(FightsTest, NeverHoldBackWhatIsNewOrToBeRemoved) {
  Contested host;
  host.repairs_within(std::chrono::seconds(1));
  Route other = host.wanted.routes.front();
  ASSERT_FALSE(host.repairs());
  EXPECT_TRUE(host.repairs({Operation::Verb::remove, other, std::nullopt}));
  other.source = ip("10.32.1.9");
  EXPECT_TRUE(host.repairs({Operation::Verb::change, other, host.wanted.routes.front()}));
}

TEST(FightsTest, HoldBackOneObjectAndNotItsNeighbours) {
  Contested host;
  host.repairs_within(std::chrono::seconds(1));
  EXPECT_FALSE(host.repairs());
  EXPECT_TRUE(host.repairs({Operation::Verb::add, host.wanted.routes.back(), std::nullopt}));
}

}  // namespace
}  // namespace overlay::plan
