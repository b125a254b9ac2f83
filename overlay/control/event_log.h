// SPDX-License-Identifier: Apache-2.0
// What changed lately: the newest events of this daemon's life, for `overlayctl events`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>

#include "overlay/base/time.h"
#include "overlay/node/io.h"
#include "overlay/v1/control.pb.h"

namespace overlay::control {

/// A bounded ring of events with rising ids, the first being 1; a reader that falls behind sees a gap in
/// them. Used from the thread of the event loop only.
class EventLog {
 public:
  /// Ends when destroyed; must not outlive the log.
  class Subscription {
   public:
    Subscription(EventLog& log, std::function<void()> added);
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    EventLog& log_;
    std::uint64_t key_;
  };

  explicit EventLog(std::size_t capacity = 1000) : capacity_(capacity) {}

  /// Keeps it, forgets the oldest when full, and calls every subscriber.
  void add(const node::Event& event, WallTime time);
  /// What is still kept of the events after `id`, oldest first; 0 for all.
  v1::Events after(std::uint64_t id) const;

 private:
  std::size_t capacity_;
  std::uint64_t last_id_ = 0;
  std::deque<v1::Event> events_;
  std::uint64_t last_key_ = 0;
  std::map<std::uint64_t, std::function<void()>> subscribers_;
};

}  // namespace overlay::control
