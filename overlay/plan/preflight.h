// SPDX-License-Identifier: Apache-2.0
// Whether the pools can live beside what this host already routes.
#pragma once

#include <string>
#include <vector>

#include "overlay/addr/prefix.h"
#include "overlay/base/result.h"

namespace overlay::plan {

/// A route of this host's main table that is not ours.
struct HostRoute {
  Prefix destination;
  std::string device;  // empty when it has none (blackhole) or several

  std::string text() const { return destination.text() + (device.empty() ? "" : " dev " + device); }
  friend bool operator==(const HostRoute&, const HostRoute&) = default;
};

/// Errc::conflict for the first route equal to a pool or inside it: it would take traffic from the overlay.
/// Otherwise one warning for each wider route (not the default route), which loses the pool's part of it.
[[nodiscard]] Result<std::vector<std::string>> check_pool_against_routes(
    const std::vector<Prefix>& pools, const std::vector<HostRoute>& routes);

/// Errc::conflict when a pool holds the address VXLAN packets travel to.
[[nodiscard]] Status check_pool_against_underlay(const std::vector<Prefix>& pools, const Ip& underlay);

}  // namespace overlay::plan
