// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// `overlayctl forget NAME…`: removes dead nodes by decree, or says what that would do.
Outcome<Exit> run_forget(Run& run);

/// `overlayctl recover --cluster NAME`: appoints new voters. Without the name it says what it would break.
Outcome<Exit> run_recover(Run& run);

}  // namespace overlay::ctl
