// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/event_queue.h"

#include <algorithm>

namespace overlay::sim {

bool EventQueue::later(const Event& a, const Event& b) {
  return a.when != b.when ? a.when > b.when : a.order > b.order;
}

void EventQueue::at(Time when, Action action) {
  heap_.push_back({std::max(when, time_), order_++, std::move(action)});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

std::optional<Time> EventQueue::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().when;
}

void EventQueue::run_next() {
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Event event = std::move(heap_.back());
  heap_.pop_back();
  time_ = event.when;
  event.action();
}

void EventQueue::jump(Time when) { time_ = std::max(time_, when); }

}  // namespace overlay::sim
