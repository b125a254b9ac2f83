// SPDX-License-Identifier: Apache-2.0
// Whether full packets of pods fit the underlay.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

namespace {

// Outer IP, UDP and VXLAN headers and the inner Ethernet header.
constexpr std::uint32_t overhead_v4 = 50;
constexpr std::uint32_t overhead_v6 = 70;

}  // namespace

Findings check_mtu(const Evidence& evidence) {
  const Device* bridge = find_device(evidence, "overlay0");
  if (bridge == nullptr || !evidence.underlay) return {ok("nothing to compare yet")};
  const std::uint32_t overhead = evidence.underlay->address.is_v4() ? overhead_v4 : overhead_v6;
  if (bridge->mtu + overhead <= evidence.underlay->mtu) {
    return {ok("pods' " + std::to_string(bridge->mtu) + " and VXLAN's " + std::to_string(overhead) +
               " fit the underlay")};
  }
  return {fail("packets of pods have up to " + std::to_string(bridge->mtu) + " bytes, VXLAN adds " +
                   std::to_string(overhead) + ", and the underlay carries " +
                   std::to_string(evidence.underlay->mtu),
               "give overlayd --mtu auto, and start the pods anew")};
}

}  // namespace overlay::doctor
