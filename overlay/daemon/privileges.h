// SPDX-License-Identifier: Apache-2.0
// What root may do and overlayd need not.
#pragma once

#include "overlay/base/result.h"

namespace overlay::daemon {

/// CAP_NET_ADMIN, without which nothing here works.
bool may_administer_network();

/// Keeps of this process's capabilities NET_ADMIN, NET_RAW (probes), NET_BIND_SERVICE (--listen) and CHOWN
/// (the group of the local API's socket), and gains none ever again (PR_SET_NO_NEW_PRIVS). Call it while
/// there is one thread: each has its own.
Status give_up_privileges();

/// No core dump, whatever its pattern and limit, and no debugger but root's: this process holds the cluster's
/// secret and the node's key (prctl(2), PR_SET_DUMPABLE).
Status leave_no_core_dump();

}  // namespace overlay::daemon
