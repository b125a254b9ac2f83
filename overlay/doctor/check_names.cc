// SPDX-License-Identifier: Apache-2.0
// Devices of others that bear our names.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_names(const Evidence& evidence) {
  Findings out;
  for (const char* name : {"overlay0", "overlay.vx", "overlay.wg"}) {
    const Device* device = find_device(evidence, name);
    if (device == nullptr || is_ours(*device)) continue;
    out.push_back(fail("there is a device " + std::string(name) + " that is not ours",
                       "rename or remove it: ip link del " + std::string(name)));
  }
  return or_ok(std::move(out), "nobody else uses the names of our devices");
}

}  // namespace overlay::doctor
