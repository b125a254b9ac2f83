// SPDX-License-Identifier: Apache-2.0
// Ports that another program holds.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_ports(const Evidence& evidence) {
  Findings out;
  for (const TakenPort& port : evidence.taken_ports) {
    out.push_back(fail(port.name + " cannot be opened: " + port.why,
                       "stop what holds it (ss -lnp shows it), or give overlayd another " + port.flag));
  }
  return or_ok(std::move(out), evidence.daemon ? "overlayd has them" : "free for overlayd");
}

}  // namespace overlay::doctor
