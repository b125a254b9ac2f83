// SPDX-License-Identifier: Apache-2.0
// The event queue of a crowd: events are values, not closures, and lie still while their places in the heap
// move.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "overlay/base/bytes.h"
#include "overlay/base/time.h"

namespace overlay::sim {

struct CrowdEvent {
  enum class What : std::uint8_t { start, tick, call, connected, refused, frame, closed, reconciled };
  What what = What::tick;
  std::uint8_t side = 0;   // of the link: whom it reaches
  std::uint32_t host = 0;  // start, tick, reconciled
  std::uint32_t link = 0;  // the others
  Bytes frame;
};

class CrowdQueue {
 public:
  Time time() const { return time_; }
  bool empty() const { return heap_.empty(); }
  Time next() const { return heap_.front().when; }

  void at(Time when, CrowdEvent event) {
    std::uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<std::uint32_t>(events_.size());
      events_.push_back(std::move(event));
    } else {
      slot = free_.back();
      free_.pop_back();
      events_[slot] = std::move(event);
    }
    heap_.push_back({std::max(when, time_), order_++, slot});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  /// Jumps to the next event and hands it over. Something must be queued.
  CrowdEvent take() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Place place = heap_.back();
    heap_.pop_back();
    time_ = place.when;
    free_.push_back(place.slot);
    return std::move(events_[place.slot]);
  }
  /// Jumps to `when`, before which nothing is due.
  void jump(Time when) { time_ = std::max(time_, when); }

 private:
  struct Place {
    Time when;
    std::uint64_t order;
    std::uint32_t slot;
  };
  static bool later(const Place& a, const Place& b) {
    return a.when != b.when ? a.when > b.when : a.order > b.order;
  }

  Time time_;
  std::uint64_t order_ = 0;
  std::vector<Place> heap_;
  std::vector<CrowdEvent> events_;
  std::vector<std::uint32_t> free_;
};

}  // namespace overlay::sim
