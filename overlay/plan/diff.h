// SPDX-License-Identifier: Apache-2.0
// From what is wanted and what is there to the operations that lead from one to the other.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "overlay/plan/objects.h"

namespace overlay::plan {

struct Operation {
  enum class Verb : std::uint8_t { add, change, remove };
  Verb verb = Verb::add;
  Object object;                 // as it shall be; for a removal: as it is
  std::optional<Object> before;  // as it is; for a change only

  /// "add route 10.32.1.0/24 nexthop 1291845633".
  std::string text() const;
};

/// Empty when nothing is to be done. Devices and their ports first, then firewall, members, settings and
/// addresses, then what carries traffic from the far end on (WireGuard peer, FDB,
/// neighbour, nexthop, route), so that no
/// route ever leads where nothing waits; removals after all that and in the reverse order. What the kernel
/// can change in place is changed, one operation that replaces; a device is taken down and made again only
/// for what it cannot change (Link::fixed). `keep_unknown` leaves everything that is not wanted where it is.
/// Devices, ports and settings are never just removed.
std::vector<Operation> diff(const Objects& desired, const Objects& observed, bool keep_unknown);
/// The same one by one, in that order: of thousands of peers they would take megabytes.
using UseOperation = std::function<void(Operation)>;
void diff(const Objects& desired, const Objects& observed, bool keep_unknown, const UseOperation& use);

/// What a kernel holds after `operation`, its side effects included: the model that diff() itself plans with,
/// and the kernel of tests and of the simulator. As measured on Linux 6.x: a removed device takes all that is
/// on it along; a WireGuard peer takes from others what it is allowed; a new MAC flushes the device's
/// neighbours; a removed nexthop takes its routes, a removed IPv4 address the routes that prefer it.
void apply(const Operation& operation, Objects& kernel);

}  // namespace overlay::plan
