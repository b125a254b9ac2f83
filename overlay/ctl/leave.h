// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// `overlayctl drain` and `overlayctl undrain`: whether this host takes new pods.
Outcome<Exit> run_drain(Run& run);
Outcome<Exit> run_undrain(Run& run);

/// `overlayctl leave`: this host leaves its cluster; waits until it is out, or says what that would do.
Outcome<Exit> run_leave(Run& run);

}  // namespace overlay::ctl
