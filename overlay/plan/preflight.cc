// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/preflight.h"

namespace overlay::plan {

Result<std::vector<std::string>> check_pool_against_routes(const std::vector<Prefix>& pools,
                                                           const std::vector<HostRoute>& routes) {
  std::vector<std::string> warnings;
  for (const Prefix& pool : pools) {
    for (const HostRoute& route : routes) {
      if (pool.contains(route.destination)) {
        return fail(Errc::conflict, "pool " + pool.text() + " holds this host's route " + route.text() +
                                        "; give another --pool or remove the route");
      }
      if (route.destination.length() == 0 || !route.destination.contains(pool)) continue;
      warnings.push_back("pool " + pool.text() + " is inside this host's route " + route.text() +
                         ", which no longer leads there; give another --pool if something is");
    }
  }
  return warnings;
}

Status check_pool_against_underlay(const std::vector<Prefix>& pools, const Ip& underlay) {
  for (const Prefix& pool : pools) {
    if (!pool.contains(underlay)) continue;
    return fail(Errc::conflict, "pool " + pool.text() + " holds the underlay address " + underlay.text() +
                                    "; give another --pool or --underlay-address");
  }
  return {};
}

}  // namespace overlay::plan
