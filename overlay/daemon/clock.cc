// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/clock.h"

#include <time.h>

namespace overlay::daemon {

Time now() {
  timespec t{};
  ::clock_gettime(CLOCK_BOOTTIME, &t);  // cannot fail: Linux has had this clock since 2.6.39
  const auto since_boot = std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
  return Time(std::chrono::duration_cast<Duration>(since_boot));
}

WallTime wall_now() {
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
}

}  // namespace overlay::daemon
