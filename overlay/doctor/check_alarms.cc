// SPDX-License-Identifier: Apache-2.0
// The alarms that stand, which say themselves what to do.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_alarms(const Evidence& evidence) {
  if (!evidence.daemon) return {ok("not asked, for no overlayd answers")};
  Findings out;
  for (const auto& alarm : evidence.daemon->status.alarms()) {
    out.push_back(fail(alarm.name() + ": " + alarm.text(), "do what it says; it then clears itself"));
  }
  return or_ok(std::move(out), "none stands");
}

}  // namespace overlay::doctor
