// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// `overlayctl wait`: asks again and again until the condition holds or the time is over. A daemon that does
/// not answer yet is waited for too; one that refuses this user is not.
Outcome<Exit> run_wait(Run& run);

}  // namespace overlay::ctl
