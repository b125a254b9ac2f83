// SPDX-License-Identifier: Apache-2.0
// The plainest netlink program that could be, as a floor: what is to be made is encoded beforehand and sent
// in big pieces, of which only the last message is acknowledged.
#pragma once

#include <string>
#include <vector>

#include "overlay/kernel/devices.h"
#include "overlay/kernel/netlink.h"
#include "overlay/plan/objects.h"

namespace overlay::bench {

/// What one send takes.
using Pieces = std::vector<std::string>;

/// FDB entry, neighbour, nexthop and route, as overlayd sets them up.
Pieces encode_ours(const plan::Objects& objects, const kernel::Indices& indices);
/// flannel's way: FDB entry, neighbour, and a route via an onlink gateway.
Pieces encode_onlink(const plan::Objects& objects, const kernel::Indices& indices);

/// Ends the program when the kernel refuses any of it.
void send_raw(const kernel::Socket& socket, const Pieces& pieces);

[[noreturn]] void give_up(const std::string& why);

}  // namespace overlay::bench
