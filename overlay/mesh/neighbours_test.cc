// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/neighbours.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace overlay::mesh {
namespace {

/// One node that knows and reaches all others over its links with two of them.
class Chooser {
 public:
  Chooser(std::size_t others, std::uint64_t seed, std::size_t zones = 1)
      : rng_(seed), self_(rng_.bytes<NodeId>()), reach_(self_) {
    infos_[self_].zone = "z0";
    while (infos_.size() <= others) {
      infos_[rng_.bytes<NodeId>()].zone = "z" + std::to_string(rng_.below(zones));
    }
    for (const auto& [node, info] : infos_) reach_.know(node);
  }
  const std::map<NodeId, wire::Purpose>& choose() {
    neighbours_.choose(infos_.size(), true, sessions_);
    return neighbours_.wanted();
  }
  void reach_all() {
    std::set<NodeId> all;
    for (const auto& [node, info] : infos_) all.insert(node);
    all.erase(self_);
    reach_.set_direct(all);
  }
  void reach_none() { reach_.set_direct({}); }
  std::vector<NodeId> successors() const {
    std::vector<NodeId> out;
    auto next = infos_.upper_bound(self_);
    while (out.size() < 2) {
      if (next == infos_.end()) next = infos_.begin();
      if (next->first != self_) out.push_back(next->first);
      ++next;
    }
    return out;
  }
  std::string zone(const NodeId& node) const { return infos_.at(node).zone; }
  Neighbours& neighbours() { return neighbours_; }
  const NodeId& self() const { return self_; }

 private:
  Rng rng_;
  NodeId self_;
  Reach reach_;
  std::map<NodeId, wire::NodeInfo> infos_;
  Self nobody_;
  Outbox out_;
  Sessions sessions_{nobody_, rng_, out_};
  Neighbours neighbours_{self_, rng_, reach_, [this](const NodeId& node) -> const wire::NodeInfo* {
                           const auto found = infos_.find(node);
                           return found == infos_.end() ? nullptr : &found->second;
                         }};
};

TEST(Neighbours, AreEverybodyInASmallCluster) {
  Chooser chooser(15, 1);
  EXPECT_EQ(chooser.choose().size(), 15U) << "reachable or not";
  EXPECT_FALSE(chooser.neighbours().wants(chooser.self()));
}

RC_GTEST_PROP(Neighbours, AreEightInALargeClusterTheTwoSuccessorsAmongThem, (std::uint64_t seed)) {
  Chooser chooser(*rc::gen::inRange<std::size_t>(30, 300), seed, 3);
  chooser.reach_all();
  const auto wanted = chooser.choose();
  RC_ASSERT(wanted.size() == enough_links);
  for (const NodeId& successor : chooser.successors()) RC_ASSERT(wanted.at(successor) == wire::Purpose::ring);
  std::set<std::string> zones;
  for (const auto& [node, purpose] : wanted) zones.insert(chooser.zone(node));
  RC_ASSERT(zones.size() > 1U);
  RC_ASSERT(chooser.choose() == wanted);
}

TEST(Neighbours, OfALargeClusterAreOnlyThoseThatCanBeReached) {
  Chooser chooser(100, 1);
  EXPECT_TRUE(chooser.choose().empty());
  EXPECT_TRUE(chooser.neighbours().draw_unreachable());
  chooser.reach_all();
  EXPECT_EQ(chooser.choose().size(), enough_links);
  EXPECT_FALSE(chooser.neighbours().draw_unreachable());
  chooser.reach_none();
  EXPECT_TRUE(chooser.choose().empty());
}

TEST(Neighbours, ThatTurnUsAwayAreReplacedUnlessTheyHoldTheRing) {
  Chooser chooser(100, 1);
  chooser.reach_all();
  const auto before = chooser.choose();
  for (const auto& [node, purpose] : before) chooser.neighbours().give_up(node);
  const auto& after = chooser.choose();
  EXPECT_EQ(after.size(), enough_links);
  std::size_t kept = 0;
  for (const auto& [node, purpose] : after) kept += before.contains(node) ? 1 : 0;
  EXPECT_LT(kept, enough_links);
  for (const NodeId& successor : chooser.successors()) EXPECT_TRUE(after.contains(successor));
}

}  // namespace
}  // namespace overlay::mesh
