// SPDX-License-Identifier: Apache-2.0
// Where pods send to, as the rules of the table inet overlay note it while they are asked to
// (plan::Intent::watch_traffic).
#pragma once

#include <vector>

#include "overlay/addr/ip.h"
#include "overlay/kernel/netlink.h"

namespace overlay::kernel {

/// The first addresses of the blocks they have sent to within the last seconds; none where nothing is noted.
/// `socket` is one of NETLINK_NETFILTER.
[[nodiscard]] Result<std::vector<Ip>> destinations(Socket& socket);

}  // namespace overlay::kernel
