// SPDX-License-Identifier: Apache-2.0
// Time in the core is an argument. The clock below has no now(), so pure code cannot read one by accident.
#pragma once

#include <chrono>
#include <cstdint>

namespace overlay {

using Duration = std::chrono::microseconds;

/// Monotonic time since an arbitrary start; counts through suspend (CLOCK_BOOTTIME in the daemon,
/// virtual in the simulator).
struct CoreClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<CoreClock>;
  static constexpr bool is_steady = true;
};
using Time = CoreClock::time_point;

/// Wall-clock time for people only (logs, events); nothing is ever decided by it.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

inline double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace overlay
