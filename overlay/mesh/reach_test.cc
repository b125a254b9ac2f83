// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/reach.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <map>

#include "overlay/mesh/test_ids.h"

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

using LinkState = std::map<NodeId, std::vector<NodeId>>;

wire::RecordRef says(const std::vector<NodeId>& peers) {
  wire::LinkSet links;
  for (const NodeId& peer : peers) links.peers.push_back(wire::handle_of(peer));
  std::sort(links.peers.begin(), links.peers.end());
  wire::Record record;
  record.body = links;
  return std::make_shared<const wire::Record>(record);
}

Reach reach_of(const NodeId& self, const std::set<NodeId>& direct, const LinkState& links) {
  Reach out(self);
  out.set_direct(direct);
  for (const auto& [node, peers] : links) out.set_links(node, says(peers));
  return out;
}

TEST(Reach, GoesOverLinksThatBothEndsConfirm) {
  const Reach reach = reach_of(n(1), {n(2)}, {{n(2), {n(1), n(3)}}, {n(3), {n(2), n(4)}}, {n(4), {}}});
  EXPECT_TRUE(reach.reaches(n(3)));
  EXPECT_EQ(reach.first_hop(n(3)), n(2));
  EXPECT_FALSE(reach.reaches(n(4)));
}

TEST(Reach, BelievesOwnLinksWithoutTheOtherEnd) {
  const Reach reach = reach_of(n(1), {n(2)}, {});
  EXPECT_TRUE(reach.reaches(n(2)));
  EXPECT_FALSE(reach.reaches(n(1)));
}

TEST(Reach, LosesWhatAnOldRecordOfACrashedNodeStillClaims) {
  // 3 crashed: its own record still lists 2, but 2 no longer lists 3.
  const Reach reach = reach_of(n(1), {n(2)}, {{n(2), {n(1)}}, {n(3), {n(2)}}});
  EXPECT_FALSE(reach.reaches(n(3)));
}

TEST(Reach, ReportsEachChangeOnceAndRemembersWhen) {
  Reach reach = reach_of(n(1), {n(2)}, {{n(2), {n(1), n(3)}}, {n(3), {n(2)}}});
  EXPECT_EQ(reach.take_changes(Time(1s)), (std::vector<NodeId>{n(2), n(3)}));
  reach.set_links(n(2), says({n(1)}));
  reach.set_links(n(2), says({n(1), n(3)}));
  EXPECT_TRUE(reach.take_changes(Time(2s)).empty()) << "it came back before anybody asked";
  reach.set_direct({});
  EXPECT_EQ(reach.take_changes(Time(3s)).size(), 2U);
  EXPECT_EQ(reach.changed_at(n(3)), Time(3s));
  EXPECT_EQ(reach.count(), 0U);
}

/// Distances anew from nothing, as a slow second opinion on what is mended change by change.
class Model {
 public:
  static constexpr std::uint8_t count = 9;

  void draw_change(Reach& reach) {
    const std::uint8_t at = *rc::gen::inRange<std::uint8_t>(0, count);
    for (std::uint8_t other = 0; other < count; ++other) says_[at][other] = *rc::gen::inRange(0, 3) == 0;
    std::vector<NodeId> peers;
    for (std::uint8_t other = 0; other < count; ++other) {
      if (other != at && says_[at][other]) peers.push_back(n(other));
    }
    if (at == 0) {
      reach.set_direct({peers.begin(), peers.end()});
    } else {
      reach.set_links(n(at), says(peers));
    }
  }
  bool edge(std::uint8_t a, std::uint8_t b) const {
    if (a == b) return false;
    if (a == 0) return says_[a][b];
    if (b == 0) return says_[b][a];
    return says_[a][b] && says_[b][a];
  }
  /// By Bellman and Ford.
  std::array<int, count> distances() const {
    std::array<int, count> out;
    out.fill(count);
    out[0] = 0;
    for (int round = 0; round < count; ++round) {
      for (std::uint8_t a = 0; a < count; ++a) {
        for (std::uint8_t b = 0; b < count; ++b) {
          if (edge(a, b)) out[b] = std::min(out[b], out[a] + 1);
        }
      }
    }
    return out;
  }

 private:
  bool says_[count][count] = {};
};

RC_GTEST_PROP(Reach, AfterAnyChangesIsAsIfComputedAnew, ()) {
  Reach reach(n(0));
  Model model;
  for (int change = 0; change < 40; ++change) {
    model.draw_change(reach);
    const auto distance = model.distances();
    std::size_t reachable = 0;
    for (std::uint8_t i = 1; i < Model::count; ++i) {
      const bool reached = distance[i] < Model::count;
      reachable += reached ? 1 : 0;
      RC_ASSERT(reach.reaches(n(i)) == reached);
      if (!reached) continue;
      // The first hop is a neighbour, and from there on a shortest way leads to the end.
      const std::uint8_t hop = reach.first_hop(n(i))->bytes[0];
      RC_ASSERT(model.edge(0, hop));
      RC_ASSERT(distance[i] > 1 || hop == i);
    }
    RC_ASSERT(reach.count() == reachable);
  }
}

}  // namespace
}  // namespace overlay::mesh
