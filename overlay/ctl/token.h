// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// `overlayctl token`: prints a fresh cluster secret. Asks no daemon.
Outcome<Exit> run_token(Run& run);

}  // namespace overlay::ctl
