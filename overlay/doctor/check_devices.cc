// SPDX-License-Identifier: Apache-2.0
// Our devices that somebody took down.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_devices(const Evidence& evidence) {
  Findings out;
  for (const Device& device : evidence.devices) {
    if (!is_ours(device) || device.up) continue;
    out.push_back(fail(device.name + " is down: pods lose their network",
                       "start overlayd, or: ip link set " + device.name + " up"));
  }
  return or_ok(std::move(out), has_overlay(evidence) ? "ours are up" : "none of ours yet");
}

}  // namespace overlay::doctor
