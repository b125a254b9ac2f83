// SPDX-License-Identifier: Apache-2.0
// Tells when it is worth looking at the kernel again.
#pragma once

#include "overlay/kernel/devices.h"
#include "overlay/kernel/netlink.h"

namespace overlay::kernel {

/// An ear on the kernel's link, address, neighbour, route and nexthop news. It hears our own writes too; a
/// reconcile that finds nothing to do writes nothing, so each change costs one look too many and no loop.
class Events {
 public:
  [[nodiscard]] static Result<Events> open();

  /// Readable when drain() has something to say.
  int fd() const { return listening_.fd(); }

  /// Reads all news, without waiting. True: something of ours may have changed, or the underlay (devices,
  /// addresses, the default route), or news were lost. False: nothing that concerns us, e.g. a pod's device.
  [[nodiscard]] Result<bool> drain();

 private:
  Events(Socket listening, Socket asking) : listening_(std::move(listening)), asking_(std::move(asking)) {}
  [[nodiscard]] Status find_indices();
  bool concerns_us(const Reply& news);
  bool link_concerns_us(const Reply& news);
  bool neighbour_concerns_us(const Reply& news) const;
  bool address_concerns_us(const Reply& news) const;

  Socket listening_;
  Socket asking_;    // for what was not heard
  Indices indices_;  // of our devices, as heard so far
};

}  // namespace overlay::kernel
