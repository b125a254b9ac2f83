// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/objects.h"

#include <gmock/gmock.h>

#include "overlay/plan/desired.h"
#include "overlay/plan/test_intents.h"

namespace overlay::control {
namespace {

using testing::ElementsAre;

/// Only host 2 has a name.
std::vector<node::PeerView> names() {
  node::PeerView peer;
  peer.id = plan::node_id(2);
  peer.name = "h2";
  return {peer};
}

/// "kind key peer state" of what is not ok.
std::vector<std::string> differing(const v1::Routes& routes) {
  std::vector<std::string> out;
  for (const auto& object : routes.objects()) {
    if (object.state() == "ok") continue;
    out.push_back(object.kind() + " " + object.key() + " " + object.peer() + " " + object.state());
  }
  return out;
}

const v1::Routes::Object& find(const v1::Routes& routes, const std::string& kind, const std::string& key) {
  const auto found = std::ranges::find_if(
      routes.objects(), [&](const auto& object) { return object.kind() == kind && object.key() == key; });
  EXPECT_NE(found, routes.objects().end()) << kind << key;
  return *found;
}

TEST(Objects, AreAllOkWhenTheKernelHasWhatIsWanted) {
  const auto intent = plan::example_intent();
  const auto observed = plan::desired(intent);
  const auto routes = to_routes(intent, observed, names());
  EXPECT_EQ(static_cast<std::size_t>(routes.objects_size()), observed.all().size());
  EXPECT_THAT(differing(routes), ElementsAre());
}

TEST(Objects, NameThePeerTheyLeadTo) {
  const auto intent = plan::example_intent();
  const auto routes = to_routes(intent, plan::desired(intent), names());
  EXPECT_EQ(find(routes, "route", "10.32.2.0/24").peer(), "h2");
  EXPECT_EQ(find(routes, "route", "10.32.3.0/24").peer(), plan::node_id(3).short_hex());
  EXPECT_EQ(find(routes, "route", "10.32.1.0/24").peer(), "");
  EXPECT_EQ(find(routes, "nexthop", std::to_string(plan::nexthop_base_v6 + 2)).peer(), "h2");
  EXPECT_EQ(find(routes, "fdb", text(vtep_mac(plan::node_id(2)))).peer(), "h2");
  EXPECT_EQ(find(routes, "neighbour", plan::gateway_handle(2, Family::v4).text() + " dev overlay.vx").peer(),
            "h2");
  EXPECT_EQ(find(routes, "neighbour", "10.32.1.1 dev overlay0").peer(), "");
  EXPECT_EQ(find(routes, "link", "overlay0").peer(), "");
}

TEST(Objects, SayWhatIsMissingDifferentAndExtra) {
  const auto intent = plan::example_intent();
  auto observed = plan::desired(intent);
  std::erase_if(observed.routes,
                [](const auto& route) { return route.destination == plan::prefix("10.32.2.0/24"); });
  observed.fdb.front().remote = plan::ip("192.0.2.99");
  observed.routes.push_back({plan::prefix("10.32.77.0/24"), 0, plan::nexthop_base_v4 + 77, std::nullopt});
  observed.normalise();
  const auto routes = to_routes(intent, observed, names());
  EXPECT_THAT(differing(routes), ElementsAre("fdb " + text(observed.fdb.front().mac) + " h2 differs",
                                             "route 10.32.2.0/24 h2 missing", "route 10.32.77.0/24  extra"));
  EXPECT_EQ(find(routes, "route", "10.32.2.0/24").observed(), "");
  EXPECT_EQ(find(routes, "route", "10.32.77.0/24").desired(), "");
  EXPECT_NE(find(routes, "fdb", text(observed.fdb.front().mac)).desired(),
            find(routes, "fdb", text(observed.fdb.front().mac)).observed());
}

TEST(Objects, ListWhatATeardownTookLastAddedFirst) {
  const auto before = plan::desired(plan::example_intent());
  plan::Objects after;
  after.addresses = before.addresses;
  const auto removed = to_removed(before, after);
  EXPECT_EQ(static_cast<std::size_t>(removed.objects_size()),
            before.all().size() - before.addresses.size() - before.settings.size() - before.members.size());
  EXPECT_THAT(removed.objects(0), testing::StartsWith("route "));
  EXPECT_EQ(*removed.objects().rbegin(), "link overlay0");
  EXPECT_TRUE(to_removed(before, before).objects().empty());
}

}  // namespace
}  // namespace overlay::control
