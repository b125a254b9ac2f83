// SPDX-License-Identifier: Apache-2.0
// The address that carries VXLAN.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_underlay(const Evidence& evidence) {
  if (!evidence.underlay)
    return {fail(evidence.no_underlay, "add the default route, or give overlayd --underlay-address")};
  return {ok(evidence.underlay->address.text() + ", MTU " + std::to_string(evidence.underlay->mtu))};
}

}  // namespace overlay::doctor
