// SPDX-License-Identifier: Apache-2.0
// Whether overlayd answers, and serves.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_daemon(const Evidence& evidence) {
  if (!evidence.daemon) return {fail(evidence.no_daemon, "start it: systemctl start overlayd")};
  const auto& node = evidence.daemon->status.node();
  Findings out;
  for (const auto& reason : node.waiting_for()) {
    out.push_back(fail("not ready: waiting for " + reason,
                       "give it what it waits for; overlayctl events tells what it tried"));
  }
  return or_ok(std::move(out), "overlayd answers and serves pods");
}

}  // namespace overlay::doctor
