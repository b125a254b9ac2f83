// SPDX-License-Identifier: Apache-2.0
// Paths that lose what is large, and say nothing.
#include <algorithm>

#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_path_mtu(const Evidence& evidence) {
  Findings out;
  for (const Echo& echo : evidence.echoes) {
    if (!echo.small || echo.full) continue;
    out.push_back(
        fail("full packets to " + echo.peer + " (" + echo.address.text() + ") are lost, small ones arrive",
             "raise the MTU on the way there, or give overlayd a smaller --mtu on all hosts"));
  }
  const auto answered = std::ranges::count_if(evidence.echoes, &Echo::full);
  return or_ok(std::move(out), std::to_string(answered) + " of " + std::to_string(evidence.echoes.size()) +
                                   " peers answer full packets");
}

}  // namespace overlay::doctor
