// SPDX-License-Identifier: Apache-2.0
// The two clocks of the daemon.
#pragma once

#include "overlay/base/time.h"

namespace overlay::daemon {

/// What the core calls time: CLOCK_BOOTTIME, which never jumps and counts while the machine sleeps.
Time now();
/// For people.
WallTime wall_now();

}  // namespace overlay::daemon
