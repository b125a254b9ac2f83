// SPDX-License-Identifier: Apache-2.0
// The kernel of one machine, as far as ownership and the ways of packets show in it: which block is routed to
// whom, and how. It outlives the daemon.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/plan/intent.h"
#include "overlay/plan/ways.h"

namespace overlay::sim {

class Kernel {
 public:
  struct Route {
    NodeId owner;
    Ip underlay;

    friend bool operator==(const Route&, const Route&) = default;
  };
  using Routes = std::map<Prefix, Route>;

  /// Where a packet goes from here.
  struct Hop {
    Mac vtep;     // whose machine is next
    Ip underlay;  // and where that is
    bool direct = false;
    std::size_t mtu = 0;  // of what goes there; 0: as the devices have it
  };

  /// Makes it so. Returns the routes it took away, or turned to another owner, with what they were.
  Routes reconcile(const plan::Intent& intent);
  /// All routes are gone, the devices are not.
  void flush() { routes_.clear(); }
  /// The machine was switched off.
  void clear() { *this = Kernel(); }

  const Routes& routes() const { return routes_; }
  /// Named by the alias of overlay.vx; none where there is no such device.
  const std::optional<ClusterId>& cluster() const { return cluster_; }
  /// As plan::ways_in() tells them.
  std::map<Mac, plan::FoundWay> ways() const;

  /// Nothing for an address that is routed nowhere else.
  std::optional<Hop> next(const Ip& to) const;
  /// Where VXLAN to that VTEP is sent.
  std::optional<Ip> remote(const Mac& vtep) const;
  /// It is this host's own.
  bool holds(const Ip& address) const { return own_.contains(address); }
  std::optional<Ip> host_address() const;
  /// VXLAN from there is let in.
  bool admits(const Ip& from) const { return members_.contains(from); }

 private:
  Routes routes_;
  std::map<Mac, plan::FoundWay> ways_;  // of all peers
  std::map<Mac, Ip> fdb_;
  std::set<Ip> members_;
  std::set<Ip> own_;
  std::optional<ClusterId> cluster_;
};

}  // namespace overlay::sim
