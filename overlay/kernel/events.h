// SPDX-License-Identifier: Apache-2.0
// Tells when it is worth looking at the kernel again.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "overlay/kernel/devices.h"
#include "overlay/kernel/netlink.h"

namespace overlay::kernel {

/// An ear on the kernel's link, address, neighbour, route, nexthop, forwarding and nftables news. It hears
/// our own writes too; those of routes, nexthops, neighbours and FDB entries are known for what they are, and
/// after any other a reconcile finds nothing to do: one look too many and no loop.
class Events {
 public:
  [[nodiscard]] static Result<Events> open();

  /// Each readable when drain() has something to say.
  std::array<int, 2> fds() const { return {listening_.fd(), tables_.fd()}; }

  /// Reads all news, without waiting. True: something of ours may not be as it was `made` any more, or the
  /// underlay (devices, addresses, the default route) not as it was, or news were lost. False: nothing that
  /// concerns us, e.g. a pod's device.
  [[nodiscard]] Result<bool> drain(const plan::Objects& made);

  /// Whether somebody changed the table `inet overlay` since the last call, by what drain() has read.
  bool take_table_changed() { return std::exchange(table_changed_, false); }
  /// Whether the chains or rules of another table changed.
  bool take_others_changed() { return std::exchange(others_changed_, false); }
  /// The indices of pods' interfaces that are gone since the last call.
  std::vector<int> take_gone_ports() { return std::exchange(gone_ports_, {}); }
  /// What is to be read about our table is our own doing: called right after it.
  void skip_own_table();

 private:
  Events(Socket listening, Socket tables, Socket asking)
      : listening_(std::move(listening)), tables_(std::move(tables)), asking_(std::move(asking)) {}
  [[nodiscard]] Status find_indices();
  [[nodiscard]] Result<bool> drain_tables();
  bool concerns_us(const Reply& news, const plan::Objects& made);
  bool differs(const Reply& news, const plan::Objects& made) const;
  bool route_concerns_us(const Reply& news, const plan::Objects& made) const;
  bool link_concerns_us(const Reply& news);
  bool neighbour_concerns_us(const Reply& news) const;
  bool address_concerns_us(const Reply& news) const;
  bool forwarding_concerns_us(const Reply& news) const;

  Socket listening_;
  Socket tables_;    // of nftables
  Socket asking_;    // for what was not heard
  Indices indices_;  // of our devices, as heard so far
  bool table_changed_ = false;
  bool others_changed_ = false;
  std::vector<int> gone_ports_;
};

}  // namespace overlay::kernel
