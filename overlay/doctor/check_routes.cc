// SPDX-License-Identifier: Apache-2.0
// Addresses of this host's network that the pool would hide.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_routes(const Evidence& evidence) {
  const auto ours = pools(evidence);
  if (evidence.underlay) {
    const auto clear = plan::check_pool_against_underlay(ours, evidence.underlay->address);
    if (!clear) return {fail(clear.error().text, "found the cluster with another --pool")};
  }
  const auto warnings = plan::check_pool_against_routes(ours, evidence.routes);
  if (!warnings)
    return {fail(warnings.error().text, "remove the route, or found the cluster with another --pool")};
  Findings out;
  for (const auto& text : *warnings)
    out.push_back(warn(text, "look whether this host needs what the wider route leads to"));
  return or_ok(std::move(out), "none of the host's is in the pool");
}

}  // namespace overlay::doctor
