// SPDX-License-Identifier: Apache-2.0
// A secret that others can read, or that is none.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_secret_file(const Evidence& evidence) {
  if (!evidence.root) return {warn("not read, for that takes root", "run it as root")};
  if (evidence.secret_fault.empty()) return {ok("none here, or fit for use")};
  return {
      fail(evidence.secret_fault, "make it a file of root's alone that holds what overlayctl token prints")};
}

}  // namespace overlay::doctor
