// SPDX-License-Identifier: Apache-2.0
// The plugin that the configuration names.
#include <algorithm>

#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_cni_plugin(const Evidence& evidence) {
  if (evidence.cni.plugin) return {ok("there")};
  if (std::ranges::find(evidence.cni.configurations, "10-overlay.conflist") ==
      evidence.cni.configurations.end()) {
    return {ok("overlayd installs it when it is first ready")};
  }
  return {fail("the configuration names the plugin overlay and there is none: no pod starts",
               "restart overlayd, which installs it, or run cni-shim install")};
}

}  // namespace overlay::doctor
