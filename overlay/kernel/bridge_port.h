// SPDX-License-Identifier: Apache-2.0
// What makes of the host's end of a pod's veth pair a port of overlay0; the CNI plugin's way and the
// daemon's, who puts it back when somebody has taken it out.
#pragma once

#include <string>

#include "overlay/kernel/netlink.h"

namespace overlay::kernel {

/// The port's flags, as `ip link set … type bridge_slave` sends them: by name, so it fits in the send that
/// makes it. Isolated ports reach each other through the host's routing only; nothing is learned or flooded.
Message isolate_port(const std::string& host_interface);

/// The bridge sends frames for this MAC to this port, for ever.
Message static_entry(int port, const Mac& mac);

}  // namespace overlay::kernel
