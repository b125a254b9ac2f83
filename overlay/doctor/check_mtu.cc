// SPDX-License-Identifier: Apache-2.0
// Whether full packets of pods fit the underlay.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

namespace {

constexpr std::uint32_t headers_v4 = 20;
constexpr std::uint32_t headers_v6 = 40;
// UDP and VXLAN headers and the inner Ethernet header; UDP and WireGuard's header and tag.
constexpr std::uint32_t vxlan = 30;
constexpr std::uint32_t wireguard = 40;

}  // namespace

Findings check_mtu(const Evidence& evidence) {
  const Device* bridge = find_device(evidence, "overlay0");
  if (bridge == nullptr || !evidence.underlay) return {ok("nothing to compare yet")};
  const bool encrypted = find_device(evidence, "overlay.wg") != nullptr;
  const std::string tunnel = encrypted ? "WireGuard" : "VXLAN";
  const std::uint32_t overhead =
      (evidence.underlay->address.is_v4() ? headers_v4 : headers_v6) + (encrypted ? wireguard : vxlan);
  if (bridge->mtu + overhead <= evidence.underlay->mtu) {
    return {ok("pods' " + std::to_string(bridge->mtu) + " and " + tunnel + "'s " + std::to_string(overhead) +
               " fit the underlay")};
  }
  return {fail("packets of pods have up to " + std::to_string(bridge->mtu) + " bytes, " + tunnel + " adds " +
                   std::to_string(overhead) + ", and the underlay carries " +
                   std::to_string(evidence.underlay->mtu),
               "give overlayd --mtu auto, and start the pods anew")};
}

}  // namespace overlay::doctor
