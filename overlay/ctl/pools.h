// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// `overlayctl ipam extend CIDR`: adds a pool by decree.
Outcome<Exit> run_extend(Run& run);

/// `overlayctl ipam assign PREFIX NODE`: settles by decree who owns a prefix.
Outcome<Exit> run_assign(Run& run);

}  // namespace overlay::ctl
