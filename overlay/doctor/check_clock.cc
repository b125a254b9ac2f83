// SPDX-License-Identifier: Apache-2.0
// The clock, which only people need.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_clock(const Evidence& evidence) {
  if (evidence.clock_synchronised) return {ok("synchronised")};
  return {warn("not synchronised: times in events and logs cannot be compared with other hosts'",
               "run chrony or systemd-timesyncd")};
}

}  // namespace overlay::doctor
