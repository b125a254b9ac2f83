// SPDX-License-Identifier: Apache-2.0
// br_netfilter, which hides translated addresses from neighbours.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_bridge_netfilter(const Evidence& evidence) {
  if (number_of(evidence, "net/bridge/bridge-nf-call-iptables") == 0)
    return {ok("bridged packets are not sent through iptables")};
  return {
      warn("net.bridge.bridge-nf-call-iptables is 1: a pod does not reach pods of its host through a "
           "translated address",
           "set it to 0; nothing here needs it")};
}

}  // namespace overlay::doctor
