// SPDX-License-Identifier: Apache-2.0
// The routes themselves are walked in server_test.cc, over the socket; here are the query and the statuses.
#include "overlay/control/route.h"

#include <gmock/gmock.h>

namespace overlay::control {
namespace {

TEST(Route, ReadsTheParametersOfEvents) {
  const std::pair<const char*, Call> cases[] = {
      {"/v1/events", {Action::events, 0, false}},
      {"/v1/events?", {Action::events, 0, false}},
      {"/v1/events?after=17", {Action::events, 17, false}},
      {"/v1/events?follow=1&after=9007199254740991", {Action::events, 9007199254740991, true}},
      {"/v1/events?follow=1&follow=0", {Action::events, 0, false}},
  };
  for (const auto& [target, call] : cases) EXPECT_EQ(std::get<Call>(route("GET", target)), call) << target;
}

TEST(Route, RefusesParametersItDoesNotKnow) {
  for (const auto* query : {"after", "after=", "after=-1", "after=+1", "after=1x", "after=9007199254740992",
                            "after=99999999999999999999", "follow=yes", "follow", "&", "x=1", "after=1&x"}) {
    const auto routed = route("GET", std::string("/v1/events?") + query);
    ASSERT_TRUE(std::holds_alternative<Refusal>(routed)) << query;
    EXPECT_EQ(std::get<Refusal>(routed).http_status, 400u) << query;
  }
}

TEST(Route, SaysWhichMethodAPathServes) {
  const auto refused = std::get<Refusal>(route("PUT", "/v1/cni/add"));
  EXPECT_EQ(refused.http_status, 405u);
  EXPECT_EQ(refused.allow, "POST");
}

}  // namespace
}  // namespace overlay::control
