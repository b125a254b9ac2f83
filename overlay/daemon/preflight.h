// SPDX-License-Identifier: Apache-2.0
// Looks at this host before anything is changed on it, and refuses what cannot work.
#pragma once

#include <string>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/daemon/kernel_keeper.h"
#include "overlay/daemon/options.h"

namespace overlay::daemon {

/// What passed, and what the operator should know all the same.
struct Preflight {
  Host host;
  std::vector<std::string> warnings;
};

/// One sentence that names the flag and the cure for: missing privileges, a kernel without what we need, an
/// --underlay-address that is not this host's; and, when this start is to found a cluster, a pool that holds
/// the underlay address or a foreign route. A host without a default route (yet) passes: the node waits for
/// one.
[[nodiscard]] Result<Preflight> check_host(const Options& options);

}  // namespace overlay::daemon
