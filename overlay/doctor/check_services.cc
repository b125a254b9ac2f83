// SPDX-License-Identifier: Apache-2.0
// A service range of Kubernetes inside the pool.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_services(const Evidence& evidence) {
  const auto address = Ip::parse(evidence.service_address);
  if (!address) return {ok("this environment names no Kubernetes service")};
  for (const Prefix& pool : pools(evidence)) {
    if (!pool.contains(*address)) continue;
    return {fail("the pool " + pool.text() + " holds the Kubernetes service address " + address->text(),
                 "found the cluster with a --pool outside of the service range")};
  }
  return {ok(address->text() + " is outside of the pool")};
}

}  // namespace overlay::doctor
