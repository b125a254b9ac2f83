// SPDX-License-Identifier: Apache-2.0
// One more overlay address of this host.
#pragma once

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

Outcome<Exit> run_expose(Run& run);
Outcome<Exit> run_hide(Run& run);

}  // namespace overlay::ctl
