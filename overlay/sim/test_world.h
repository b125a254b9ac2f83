// SPDX-License-Identifier: Apache-2.0
// What the tests of whole clusters wait for.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "overlay/sim/world.h"

namespace overlay::sim {

inline testing::AssertionResult becomes(World& world, Duration within,
                                        const std::function<bool()>& condition) {
  if (world.run_until(condition, within)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "not within " << overlay::seconds(within) << " s; "
                                     << world.verdict().text() << world.unsettled();
}

/// Runs until all is well everywhere.
inline testing::AssertionResult comes_right(World& world, Duration within) {
  return becomes(world, within, [&] { return world.unsettled().empty(); });
}

}  // namespace overlay::sim
