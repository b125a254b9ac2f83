// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// `overlayctl teardown`: has the daemon remove its kernel objects and exit; without a daemon it removes them
/// itself. Prints what went.
Outcome<Exit> run_teardown(Run& run);

}  // namespace overlay::ctl
