// SPDX-License-Identifier: Apache-2.0
// CHECK: is what ADD made still there?
#pragma once

#include <string>
#include <vector>

#include "cni-shim/attachment.h"
#include "cni-shim/daemon_answer.h"
#include "cni-shim/result.h"
#include "overlay/base/result.h"
#include "overlay/kernel/netlink.h"

namespace overlay::cni {

/// One sentence for each thing that ADD made, that `expected` (the prevResult) still claims, and that is
/// missing or differs; none when all is well. What other plugins added or changed is their business.
[[nodiscard]] Result<std::vector<std::string>> inspect(kernel::Socket& host, kernel::Socket& pod,
                                                       const Attachment& attachment,
                                                       const std::string& bridge, const Lease& lease,
                                                       const Attached& expected);

}  // namespace overlay::cni
