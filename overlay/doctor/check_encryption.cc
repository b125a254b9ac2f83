// SPDX-License-Identifier: Apache-2.0
// Whether this host can take part in an encrypted cluster.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_encryption(const Evidence& evidence) {
  const bool told = evidence.daemon && evidence.daemon->status.cluster().encryption() == "wireguard";
  if (!told && find_device(evidence, "overlay.wg") == nullptr) return {ok("not asked for")};
  if (evidence.wireguard_module) return {ok("by the kernel's wireguard module")};
  if (evidence.wireguard_go) return {ok("by wireguard-go, for the kernel has no wireguard module")};
  return {
      fail("the cluster is encrypted, and here is neither the kernel's wireguard module nor wireguard-go",
           "load the module (modprobe wireguard), or install wireguard-go; overlayd then starts by itself")};
}

}  // namespace overlay::doctor
