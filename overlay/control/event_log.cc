// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/event_log.h"

#include <algorithm>
#include <utility>

#include "overlay/control/view.h"

namespace overlay::control {

namespace {

const char* text_of(node::Event::Level level) {
  switch (level) {
    case node::Event::Level::info:
      return "info";
    case node::Event::Level::warning:
      return "warning";
    case node::Event::Level::error:
      return "error";
  }
  return "?";
}

}  // namespace

EventLog::Subscription::Subscription(EventLog& log, std::function<void()> added)
    : log_(log), key_(++log.last_key_) {
  log_.subscribers_.emplace(key_, std::move(added));
}

EventLog::Subscription::~Subscription() { log_.subscribers_.erase(key_); }

void EventLog::add(const node::Event& event, WallTime time) {
  auto& kept = events_.emplace_back();
  kept.set_id(static_cast<double>(++last_id_));
  *kept.mutable_time() = to_timestamp(time);
  kept.set_level(text_of(event.level));
  kept.set_kind(event.kind);
  kept.set_subject(event.subject);
  kept.set_from(event.from);
  kept.set_to(event.to);
  kept.set_text(event.text);
  if (events_.size() > capacity_) events_.pop_front();
  // A subscriber may end its own subscription when called.
  for (auto it = subscribers_.begin(); it != subscribers_.end();) (it++)->second();
}

v1::Events EventLog::after(std::uint64_t id) const {
  const auto first = std::ranges::upper_bound(events_, static_cast<double>(id), {}, &v1::Event::id);
  v1::Events out;
  for (auto it = first; it != events_.end(); ++it) *out.add_events() = *it;
  return out;
}

}  // namespace overlay::control
