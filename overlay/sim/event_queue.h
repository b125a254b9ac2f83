// SPDX-License-Identifier: Apache-2.0
// Virtual time: actions wait for their moment, and the clock jumps from one to the next.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "overlay/base/time.h"

namespace overlay::sim {

/// Actions of one moment run in the order they were queued, so a run depends on its seed alone.
class EventQueue {
 public:
  using Action = std::function<void()>;

  Time time() const { return time_; }
  void at(Time when, Action action);
  void after(Duration delay, Action action) { at(time_ + delay, std::move(action)); }
  /// When the next action is due.
  std::optional<Time> next() const;
  /// Jumps to the next action and runs it. Something must be queued.
  void run_next();
  /// Jumps to `when`, before which nothing is due.
  void jump(Time when);

 private:
  struct Event {
    Time when;
    std::uint64_t order;
    Action action;
  };
  static bool later(const Event& a, const Event& b);

  Time time_;
  std::uint64_t order_ = 0;
  std::vector<Event> heap_;  // the earliest in front
};

}  // namespace overlay::sim
