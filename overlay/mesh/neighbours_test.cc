// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/neighbours.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "overlay/base/rng.h"

namespace overlay::mesh {
namespace {

std::set<NodeId> ids(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  std::set<NodeId> out;
  while (out.size() < count) out.insert(rng.bytes<NodeId>());
  return out;
}

std::set<NodeId> without(std::set<NodeId> all, const NodeId& self) {
  all.erase(self);
  return all;
}

TEST(Neighbours, AreEverybodyInASmallCluster) {
  const auto all = ids(16, 1);
  const auto others = without(all, *all.begin());
  EXPECT_EQ(choose_neighbours(*all.begin(), others, {}), others);
}

RC_GTEST_PROP(Neighbours, AreFewInALargeClusterAndStillConnectIt, (std::uint64_t seed)) {
  const auto all = ids(17 + *rc::gen::inRange<std::size_t>(0, 200), seed);
  std::set<NodeId> seen{*all.begin()};
  std::vector<NodeId> frontier{*all.begin()};
  while (!frontier.empty()) {
    const NodeId at = frontier.back();
    frontier.pop_back();
    const auto others = without(all, at);
    const auto chosen = choose_neighbours(at, others, others);
    RC_ASSERT(chosen.size() >= 6U && chosen.size() <= 8U);
    for (const NodeId& next : chosen) {
      if (seen.insert(next).second) frontier.push_back(next);
    }
  }
  RC_ASSERT(seen == all);
}

}  // namespace
}  // namespace overlay::mesh
