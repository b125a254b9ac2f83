// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/event_log.h"

#include <gmock/gmock.h>

#include <optional>

namespace overlay::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<double> ids(const v1::Events& events) {
  std::vector<double> out;
  for (const auto& event : events.events()) out.push_back(event.id());
  return out;
}

void add(EventLog& log, int count) {
  for (int i = 0; i < count; ++i) log.add({}, WallTime{});
}

TEST(EventLog, KeepsEveryFieldOfAnEvent) {
  EventLog log;
  log.add({node::Event::Level::warning, "peer", "h2", "reachable", "unreachable", "why"},
          WallTime(std::chrono::milliseconds(1500)));
  const auto event = log.after(0).events(0);
  EXPECT_EQ(event.id(), 1);
  EXPECT_EQ(event.time().seconds(), 1);
  EXPECT_EQ(event.time().nanos(), 500'000'000);
  EXPECT_EQ(event.level(), "warning");
  EXPECT_EQ(event.kind() + event.subject() + event.from() + event.to() + event.text(),
            "peerh2reachableunreachablewhy");
}

TEST(EventLog, ForgetsTheOldestWhenFull) {
  EventLog log(3);
  add(log, 5);
  EXPECT_THAT(ids(log.after(0)), ElementsAre(3, 4, 5));
}

TEST(EventLog, GivesOnlyWhatCameAfterAnId) {
  EventLog log(3);
  EXPECT_THAT(ids(log.after(0)), IsEmpty());
  add(log, 3);
  EXPECT_THAT(ids(log.after(1)), ElementsAre(2, 3));
  EXPECT_THAT(ids(log.after(3)), IsEmpty());
  EXPECT_THAT(ids(log.after(1000)), IsEmpty());
}

TEST(EventLog, CallsSubscribersUntilTheyEnd) {
  EventLog log;
  int first = 0;
  int second = 0;
  std::optional<EventLog::Subscription> one(std::in_place, log, [&] { ++first; });
  const EventLog::Subscription two(log, [&] { ++second; });
  add(log, 2);
  one.reset();
  add(log, 1);
  EXPECT_EQ(first, 2);
  EXPECT_EQ(second, 3);
}

TEST(EventLog, LetsASubscriberEndItselfWhileItIsCalled) {
  EventLog log;
  std::optional<EventLog::Subscription> once;
  int calls = 0;
  once.emplace(log, [&] {
    ++calls;
    once.reset();
  });
  add(log, 2);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace overlay::control
