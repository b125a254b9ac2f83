// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/reach.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace overlay::mesh {
namespace {

NodeId n(std::uint8_t number) { return NodeId{{number}}; }

TEST(Reach, GoesOverLinksThatBothEndsConfirm) {
  const Reach reach(n(1), {n(2)}, {{n(2), {n(1), n(3)}}, {n(3), {n(2), n(4)}}, {n(4), {}}});
  EXPECT_TRUE(reach.reaches(n(3)));
  EXPECT_EQ(reach.first_hop(n(3)), n(2));
  EXPECT_FALSE(reach.reaches(n(4)));
}

TEST(Reach, BelievesOwnLinksWithoutTheOtherEnd) {
  const Reach reach(n(1), {n(2)}, {});
  EXPECT_TRUE(reach.reaches(n(2)));
  EXPECT_FALSE(reach.reaches(n(1)));
}

TEST(Reach, LosesWhatAnOldRecordOfACrashedNodeStillClaims) {
  // 3 crashed: its own record still lists 2, but 2 no longer lists 3.
  const Reach reach(n(1), {n(2)}, {{n(2), {n(1)}}, {n(3), {n(2)}}});
  EXPECT_FALSE(reach.reaches(n(3)));
}

/// Floyd and Warshall's closure, as a slow second opinion.
RC_GTEST_PROP(Reach, AgreesWithTheTransitiveClosure, ()) {
  constexpr std::uint8_t count = 8;
  bool edge[count][count] = {};
  LinkState links;
  for (std::uint8_t i = 0; i < count; ++i) {
    for (std::uint8_t j = 0; j < count; ++j) {
      if (i != j && *rc::gen::inRange(0, 3) == 0) {
        edge[i][j] = true;
        links[n(i)].push_back(n(j));
      }
    }
  }
  std::set<NodeId> direct;
  bool path[count][count] = {};
  for (std::uint8_t i = 0; i < count; ++i) {
    for (std::uint8_t j = 0; j < count; ++j) path[i][j] = i != 0 && j != 0 && edge[i][j] && edge[j][i];
    if (i != 0 && edge[0][i]) direct.insert(n(i)), path[0][i] = true;
  }
  for (std::uint8_t k = 0; k < count; ++k) {
    for (std::uint8_t i = 0; i < count; ++i) {
      for (std::uint8_t j = 0; j < count; ++j) path[i][j] = path[i][j] || (path[i][k] && path[k][j]);
    }
  }
  const Reach reach(n(0), direct, links);
  for (std::uint8_t i = 1; i < count; ++i) RC_ASSERT(reach.reaches(n(i)) == path[0][i]);
}

}  // namespace
}  // namespace overlay::mesh
