// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next attempt: twice as long after each failure, and never in step with others.
#pragma once

#include <algorithm>

#include "overlay/base/rng.h"

namespace overlay::kube {

class Backoff {
 public:
  explicit Backoff(Rng rng) : rng_(rng) {}

  /// After a failure.
  Duration next() {
    step_ = std::min(step_ * 2, last_step);
    return rng_.between(step_ / 2, step_);
  }
  /// After a success.
  void reset() { step_ = first_step / 2; }
  /// Around `usual`, a fifth more or less.
  Duration about(Duration usual) { return rng_.between(usual * 4 / 5, usual * 6 / 5); }

 private:
  static constexpr Duration first_step = std::chrono::milliseconds(500);
  static constexpr Duration last_step = std::chrono::seconds(15);

  Rng rng_;
  Duration step_ = first_step / 2;
};

}  // namespace overlay::kube
