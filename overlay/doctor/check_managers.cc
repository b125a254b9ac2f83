// SPDX-License-Identifier: Apache-2.0
// Other managers of networks.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_managers(const Evidence& evidence) {
  Findings out;
  for (const Manager& manager : evidence.managers) {
    if (manager.told) continue;
    out.push_back(warn(manager.name + " runs here and was not told to leave our devices alone",
                       "install the Debian package, which tells it, or copy its file"));
  }
  return or_ok(std::move(out),
               evidence.managers.empty() ? "none runs here" : "told to leave our devices alone");
}

}  // namespace overlay::doctor
