// SPDX-License-Identifier: Apache-2.0
// A state directory that lost a part.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_state(const Evidence& evidence) {
  if (evidence.has_identity == evidence.has_log)
    return {ok(evidence.has_log ? "identity and log are there" : "none yet")};
  const std::string lost = evidence.has_identity ? "state.log" : "the identity";
  return {fail(evidence.state_dir + ": " + lost + " was lost",
               "restore the directory from a backup; or stop this host's pods, move it away and let the host "
               "join as a new one")};
}

}  // namespace overlay::doctor
