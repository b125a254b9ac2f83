// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/diff.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>
#include <map>

#include "overlay/plan/desired.h"
#include "overlay/plan/test_intents.h"
#include "overlay/plan/test_operations.h"

namespace overlay::plan {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

void apply_all(const std::vector<Operation>& operations, Objects& kernel) {
  for (const Operation& operation : operations) apply(operation, kernel);
}

/// A kernel some of whose objects somebody took away, as the kernel itself would answer to that.
Objects random_kernel(Rng& rng, const std::vector<Setting>& settings) {
  Objects kernel;
  if (rng.one_in(8)) return kernel;
  kernel = desired(random_intent(rng));
  kernel.settings = settings;  // only what is wanted is ever looked at
  const std::vector<Object> all = kernel.all();
  for (const Object& object : all) {
    if (rng.one_in(6)) apply({Operation::Verb::remove, object, std::nullopt}, kernel);
  }
  for (Link& link : kernel.links) {
    if (rng.one_in(4)) link.alias.clear();
  }
  return kernel;
}

/// A random pair, and both from one seed so that a failure can be shown again.
struct Pair {
  Objects desired;
  Objects observed;

  explicit Pair(std::uint64_t seed) {
    Rng rng(seed);
    desired = plan::desired(random_intent(rng));
    observed = random_kernel(rng, desired.settings);
  }
};

RC_GTEST_PROP(Diff, LeadsFromAnyObservedStateToTheDesiredOne, (std::uint64_t seed)) {
  const Pair pair(seed);
  Objects kernel = pair.observed;
  apply_all(diff(pair.desired, pair.observed, false), kernel);
  RC_ASSERT(kernel == pair.desired);
}

RC_GTEST_PROP(Diff, HasNothingLeftToDoTheSecondTime, (std::uint64_t seed, bool keep_unknown)) {
  const Pair pair(seed);
  Objects kernel = pair.observed;
  apply_all(diff(pair.desired, kernel, keep_unknown), kernel);
  RC_ASSERT(diff(pair.desired, kernel, keep_unknown).empty());
}

RC_GTEST_PROP(Diff, RemovesNothingUnknownWhenToldToKeepIt, (std::uint64_t seed)) {
  const Pair pair(seed);
  for (const Operation& operation : diff(pair.desired, pair.observed, true)) {
    // Only a device that is made again at once.
    RC_ASSERT(operation.verb != Operation::Verb::remove || std::holds_alternative<Link>(operation.object));
  }
}

RC_GTEST_PROP(Diff, NamesOnlyObjectsThatAreWantedOrWereObserved, (std::uint64_t seed)) {
  const Pair pair(seed);
  const auto holds = [](const Objects& objects, const Object& object) {
    return std::ranges::count(objects.all(), object) == 1;
  };
  for (const Operation& operation : diff(pair.desired, pair.observed, false)) {
    const bool removes = operation.verb == Operation::Verb::remove;
    RC_ASSERT(holds(removes ? pair.observed : pair.desired, operation.object));
    if (operation.before) RC_ASSERT(holds(pair.observed, *operation.before));
  }
}

RC_GTEST_PROP(Diff, LeavesNoRouteWithoutAWayAtAnyMoment, (std::uint64_t seed)) {
  const Pair pair(seed);
  const auto dangling = [](const Objects& kernel) {
    return std::ranges::count_if(kernel.routes, [&kernel](const Route& route) {
      return route.nexthop &&
             !std::ranges::binary_search(kernel.nexthops, *route.nexthop, {}, &Nexthop::number);
    });
  };
  Objects kernel = pair.observed;
  for (const Operation& operation : diff(pair.desired, pair.observed, false)) {
    apply(operation, kernel);
    RC_ASSERT(dangling(kernel) == 0);
  }
}

TEST(Diff, AddsFromTheFarEndAndRemovesInTheReverseOrder) {
  const Objects alone = desired(example_intent(1, 1));
  const Objects joined = desired(example_intent(1, 2));
  const auto kinds = [](const std::vector<Operation>& operations) {
    std::vector<std::string> out;
    for (const Operation& operation : operations) out.emplace_back(kind(operation.object));
    return out;
  };
  EXPECT_THAT(kinds(diff(joined, alone, false)),
              ElementsAre("member", "fdb", "neighbour", "neighbour", "nexthop", "nexthop", "route", "route"));
  EXPECT_THAT(kinds(diff(alone, joined, false)),
              ElementsAre("route", "route", "nexthop", "nexthop", "neighbour", "neighbour", "fdb", "member"));
  EXPECT_THAT(diff(alone, joined, true), IsEmpty());
}

TEST(Diff, ChangesInPlaceWhatTheKernelCan) {
  const Objects before = desired(example_intent(1, 2));
  const struct {
    const char* what;
    void (*change)(Intent&);
    std::vector<std::string> kinds;
  } cases[] = {
      {"the underlay address",
       [](Intent& i) { i.underlay.address = ip("192.0.2.99"); },
       {"change link", "change firewall"}},
      {"the MTU", [](Intent& i) { i.mtu = 1400; }, {"change link", "change link"}},
      {"who sums up", [](Intent& i) { i.checksum_offload = false; }, {"change link"}},
      {"a peer's underlay address",
       [](Intent& i) { i.peers[0].underlay = ip("192.0.2.98"); },
       {"add member", "change fdb", "remove member"}},
  };
  for (const auto& [what, change, kinds] : cases) {
    Intent intent = example_intent(1, 2);
    change(intent);
    std::vector<std::string> got;
    for (const std::string& text : texts(diff(desired(intent), before, false))) {
      got.push_back(text.substr(0, text.find(' ', text.find(' ') + 1)));
    }
    EXPECT_EQ(got, kinds) << what;
  }
}

TEST(Diff, MakesTheDeviceAgainWithAllThatIsOnItForAnotherVni) {
  const Objects before = desired(example_intent(1, 2));
  Intent intent = example_intent(1, 2);
  intent.vni += 1;
  std::map<std::string, int> count;
  const std::vector<Operation> operations = diff(desired(intent), before, true);
  for (const Operation& operation : operations) ++count[std::string(kind(operation.object))];
  EXPECT_EQ(operations[0].verb, Operation::Verb::remove);
  EXPECT_EQ(operations[1].verb, Operation::Verb::add);
  EXPECT_EQ(count["link"], 2);
  EXPECT_EQ(count["fdb"], 1);
  EXPECT_EQ(count["neighbour"], 2);  // not the pods', which are on the bridge
  EXPECT_EQ(count["nexthop"], 2);
  EXPECT_EQ(count["route"], 2);  // not our own blocks'
}

TEST(Diff, PutsBackTheNeighboursThatARestoredMacFlushes) {
  const Objects wanted = desired(example_intent(1, 2));
  Objects observed = wanted;
  observed.links[1].mac = vtep_mac(node_id(99));
  EXPECT_THAT(texts(diff(wanted, observed, false)).size(), 3u);
}

TEST(Diff, TakesOverARouteThatLeadsElsewhere) {
  const Objects wanted = desired(example_intent(1, 2));
  Objects observed = wanted;
  observed.routes[1].nexthop = Route::elsewhere;
  EXPECT_THAT(texts(diff(wanted, observed, true)),
              ElementsAre("change route 10.32.2.0/24 nexthop 1291845634 src 10.32.1.0"));
}

}  // namespace
}  // namespace overlay::plan
