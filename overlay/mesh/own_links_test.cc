// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/own_links.h"

#include <gtest/gtest.h>

#include "overlay/mesh/neighbours.h"
#include "overlay/mesh/test_ids.h"

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t small = 5;
constexpr std::size_t large = 1000;
constexpr Time start{1h};

/// How many links are announced at `now`; nothing when there is nothing to announce.
std::optional<std::size_t> announced(OwnLinks& links, const std::set<NodeId>& peers, std::size_t members,
                                     Time now) {
  const auto out = links.update(peers, members, now);
  if (!out) return std::nullopt;
  return out->peers.size();
}

TEST(OwnLinks, AreAnnouncedAtOnceTheFirstTimeEvenWhenThereAreNone) {
  OwnLinks links;
  EXPECT_EQ(announced(links, {}, small, start), 0U);
  EXPECT_EQ(announced(links, {}, small, start), std::nullopt);
  EXPECT_EQ(announced(links, {n(1)}, small, start + 1s), 1U);
}

TEST(OwnLinks, ThatCameBackMustHoldForAWhile) {
  OwnLinks links;
  announced(links, {n(1), n(2)}, small, start);
  EXPECT_EQ(announced(links, {n(1)}, small, start + 1s), 1U) << "a loss is told at once";
  EXPECT_EQ(announced(links, {n(1), n(2)}, small, start + 10s), std::nullopt);
  EXPECT_EQ(links.due(), start + 12s);
  EXPECT_EQ(announced(links, {n(1), n(2)}, small, start + 12s), 2U);
}

TEST(OwnLinks, ThatFlapAreAnnouncedEverMoreRarely) {
  OwnLinks links;
  std::size_t times = 0;
  for (int i = 0; i < 6000; ++i) {
    const std::set<NodeId> peers = i % 2 == 0 ? std::set<NodeId>{n(1), n(2)} : std::set<NodeId>{n(1)};
    times += announced(links, peers, small, start + i * 10ms) ? 1 : 0;
  }
  EXPECT_LE(times, 18U) << "in a minute";
}

TEST(OwnLinks, OfALargeClusterAreGathered) {
  OwnLinks links;
  announced(links, {n(1)}, large, start);
  EXPECT_EQ(announced(links, {n(1), n(2)}, large, start + 10s), std::nullopt);
  EXPECT_EQ(announced(links, {n(1), n(2), n(3)}, large, start + 11s), std::nullopt);
  EXPECT_EQ(announced(links, {n(1), n(2), n(3)}, large, start + 13s), 3U);
  EXPECT_EQ(announced(links, {n(2), n(3)}, large, start + 14s), 2U) << "a loss is told at once";
}

}  // namespace
}  // namespace overlay::mesh
