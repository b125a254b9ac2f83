// SPDX-License-Identifier: Apache-2.0
// Which network configuration a container runtime takes.
#include <algorithm>

#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_cni_configuration(const Evidence& evidence) {
  const auto& names = evidence.cni.configurations;
  if (!evidence.cni.fault.empty()) {
    return {fail("10-overlay.conflist: " + evidence.cni.fault,
                 "write it anew: remove it and restart overlayd, or run cni-shim install")};
  }
  const auto ours = std::ranges::find(names, "10-overlay.conflist");
  if (ours == names.end() && !evidence.daemon) return {ok("overlayd writes it when it is first ready")};
  if (ours == names.end())
    return {warn(
        "there is no 10-overlay.conflist: no runtime uses the overlay",
        "restart overlayd, which writes it when it is ready; name a --cni-conf-dir of your own here too")};
  if (ours == names.begin()) return {ok("10-overlay.conflist is the first, which runtimes take")};
  return {fail("runtimes take the first configuration, which is " + names.front() + " and not ours",
               "remove or rename it")};
}

}  // namespace overlay::doctor
