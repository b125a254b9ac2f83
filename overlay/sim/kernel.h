// SPDX-License-Identifier: Apache-2.0
// The kernel of one machine, as far as ownership shows in it: which block is routed to whom. It outlives the
// daemon.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "overlay/plan/intent.h"

namespace overlay::sim {

class Kernel {
 public:
  struct Route {
    NodeId owner;
    Ip underlay;

    friend bool operator==(const Route&, const Route&) = default;
  };
  using Routes = std::map<Prefix, Route>;

  /// Makes it so. Returns the routes it took away, or turned to another owner, with what they were.
  Routes reconcile(const plan::Intent& intent);
  /// All routes are gone, the devices are not.
  void flush() { routes_.clear(); }
  /// The machine was switched off.
  void clear();

  const Routes& routes() const { return routes_; }
  /// Named by the alias of overlay.vx; none where there is no such device.
  const std::optional<ClusterId>& cluster() const { return cluster_; }

 private:
  Routes routes_;
  std::optional<ClusterId> cluster_;
};

}  // namespace overlay::sim
