// SPDX-License-Identifier: Apache-2.0
// The ports of overlay0 that pods hang on: looked at, and put back where somebody took them out.
#pragma once

#include <vector>

#include "overlay/kernel/netlink.h"
#include "overlay/plan/objects.h"

namespace overlay::kernel {

/// Of the wanted ones (sorted by name), as they are; one whose interface does not exist is as wanted.
/// `bridge` is the index of overlay0, 0 when there is none.
[[nodiscard]] Result<std::vector<plan::Port>> observe_ports(Socket& socket, int bridge,
                                                            const std::vector<plan::Port>& wanted);

/// Makes it an isolated port of the bridge with this index again.
[[nodiscard]] Status attach(Socket& socket, const plan::Port& port, int bridge);

}  // namespace overlay::kernel
