// SPDX-License-Identifier: Apache-2.0
// A token bucket: how many bytes may be sent now, so that a rate is never exceeded for long.
#pragma once

#include <algorithm>

#include "overlay/base/time.h"

namespace overlay::mesh {

class Budget {
 public:
  /// `rate` in bytes a second; `burst` bytes may be sent at once after a pause.
  Budget(std::int64_t rate, std::int64_t burst) : rate_(rate), burst_(burst), left_(burst) {}

  bool allows(Time now) {
    refill(now);
    return left_ > 0;
  }
  void spend(std::size_t bytes) { left_ -= static_cast<std::int64_t>(bytes); }
  /// When it allows something again.
  Time ready_at(Time now) {
    refill(now);
    return left_ > 0 ? now : now + Duration((1 - left_) * second / rate_ + 1);
  }

 private:
  static constexpr std::int64_t second = 1'000'000;  // in the unit of Duration

  void refill(Time now) {
    if (now <= filled_) return;
    const std::int64_t elapsed = std::min<std::int64_t>((now - filled_).count(), 100 * second);
    const std::int64_t gained = elapsed * rate_ / second;
    if (gained == 0) return;  // too early to count; nothing is rounded away
    left_ = std::min(burst_, left_ + gained);
    filled_ = now;
  }

  std::int64_t rate_;
  std::int64_t burst_;
  std::int64_t left_;
  Time filled_;
};

}  // namespace overlay::mesh
