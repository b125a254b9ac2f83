// SPDX-License-Identifier: Apache-2.0
// What the host does for a pod: the host's end of its veth pair a port of overlay0, and its address known
// there. The CNI plugin's way and the daemon's, who puts back what somebody has taken away.
#pragma once

#include <string>

#include "overlay/kernel/netlink.h"

namespace overlay::kernel {

/// The port's flags, as `ip link set … type bridge_slave` sends them: by name, so it fits in the send that
/// makes it. Isolated ports reach each other through the host's routing only; nothing is learned or flooded.
Message isolate_port(const std::string& host_interface);

/// 0: there is no interface of that name.
int port_index(const std::string& host_interface);
/// With its end in the pod. Fine when it is gone already.
[[nodiscard]] Status remove_port(Socket& socket, int index);

/// The bridge sends frames for this MAC to this port, for ever.
Message static_entry(int port, const Mac& mac);

/// Who has this address behind `device` needs no asking; replaces what the kernel may have learned by itself.
Message permanent_neighbour(int device, const Ip& address, const Mac& mac);

}  // namespace overlay::kernel
