// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/budget.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

RC_GTEST_PROP(Budget, NeverLetsMoreThroughThanItsRateAndIsReadyWhenItSays, ()) {
  constexpr std::int64_t rate = 10'000;
  constexpr std::int64_t burst = 500;
  constexpr std::int64_t largest = 300;
  Budget budget(rate, burst);
  const Time start{1h};
  Time now = start;
  std::int64_t sent = 0;
  for (int i = 0; i < 200; ++i) {
    if (budget.allows(now)) {
      const auto bytes = *rc::gen::inRange<std::int64_t>(1, largest);
      budget.spend(static_cast<std::size_t>(bytes));
      sent += bytes;
    } else if (*rc::gen::inRange(0, 2) == 0) {
      now = budget.ready_at(now);
      RC_ASSERT(budget.allows(now));
    } else {
      now += Duration(*rc::gen::inRange(1, 20'000));
    }
    RC_ASSERT(sent <= burst + largest + rate * (now - start).count() / 1'000'000 + 1);
  }
}

}  // namespace
}  // namespace overlay::mesh
