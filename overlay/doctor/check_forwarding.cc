// SPDX-License-Identifier: Apache-2.0
// IP forwarding.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_forwarding(const Evidence& evidence) {
  if (!has_overlay(evidence)) return {ok("overlayd sets it")};
  std::vector<std::string> wanted{"net/ipv4/ip_forward"};
  if (has_pool(evidence, Family::v6)) wanted.emplace_back("net/ipv6/conf/all/forwarding");
  Findings out;
  for (const auto& setting : wanted) {
    if (number_of(evidence, setting) != 0) continue;
    out.push_back(fail("/proc/sys/" + setting + " is 0: pods reach no other host",
                       "start overlayd, which sets it, and look what clears it in /etc/sysctl.d"));
  }
  return or_ok(std::move(out), "on");
}

}  // namespace overlay::doctor
