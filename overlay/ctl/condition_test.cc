// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/condition.h"

#include <gmock/gmock.h>

#include "overlay/ctl/test_answers.h"

namespace overlay::ctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Asked = Condition::Kind;

TEST(Condition, IsReadFromText) {
  const std::pair<const char*, Condition> cases[] = {{"ready", {Asked::ready, 0, {}}},
                                                     {"synced", {Asked::synced, 0, {}}},
                                                     {"peers=0", {Asked::peers, 0, {}}},
                                                     {"peers=4294967295", {Asked::peers, 4294967295, {}}}};
  for (const auto& [text, condition] : cases) EXPECT_EQ(parse_condition(text).value(), condition) << text;
  for (const auto* text : {"", "lunch", "Ready", "path=", "peers", "peers=", "peers=x", "peers=-1",
                           "peers=1x", "peers=4294967296"}) {
    const auto refused = parse_condition(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().text, testing::HasSubstr("give ready, synced, peers=N or path=NAME"));
  }
}

TEST(Condition, ReadyLacksWhatTheNodeWaitsFor) {
  Seen seen{examples::status(), examples::peers(), examples::routes()};
  EXPECT_THAT(missing({Asked::ready, 0, {}}, seen), IsEmpty());
  seen.status.mutable_node()->set_ready(false);
  EXPECT_THAT(missing({Asked::ready, 0, {}}, seen), ElementsAre("not ready"));
  seen.status.mutable_node()->add_waiting_for("an IPv4 address block");
  EXPECT_THAT(missing({Asked::ready, 0, {}}, seen),
              ElementsAre("not ready: waiting for an IPv4 address block"));
}

TEST(Condition, APathLacksBeingUp) {
  const Seen seen{{}, examples::peers(), {}};
  EXPECT_EQ(parse_condition("path=h2").value(), (Condition{Asked::path, 0, "h2"}));
  EXPECT_THAT(missing({Asked::path, 0, "h2"}, seen), IsEmpty());
  EXPECT_THAT(missing({Asked::path, 0, "h3"}, seen), ElementsAre(testing::StartsWith("the path to h3 is ")));
  EXPECT_THAT(missing({Asked::path, 0, "h9"}, seen), ElementsAre("no peer h9 is known"));
}

TEST(Condition, PeersLacksTheUnreachable) {
  const Seen seen{examples::status(), {}, {}};
  EXPECT_THAT(missing({Asked::peers, 2, {}}, seen), IsEmpty());
  EXPECT_THAT(missing({Asked::peers, 9, {}}, seen), ElementsAre("2 of 9 peers are reachable"));
}

TEST(Condition, SyncedLacksPeersAndKernelObjects) {
  Seen seen{examples::status(), examples::peers(), examples::routes()};
  EXPECT_THAT(missing({Asked::synced, 0, {}}, seen),
              ElementsAre("peer h3 is unreachable: connection refused", "route 10.32.1.0/24: missing",
                          "route 10.32.2.0/24: differs", "route 10.32.9.0/24: extra"));
  seen.peers.mutable_peers()->RemoveLast();
  seen.routes.mutable_objects()->DeleteSubrange(1, 3);
  EXPECT_THAT(missing({Asked::synced, 0, {}}, seen), IsEmpty());
  seen.status.mutable_node()->set_ready(false);
  EXPECT_THAT(missing({Asked::synced, 0, {}}, seen), ElementsAre("not ready"));
}

}  // namespace
}  // namespace overlay::ctl
