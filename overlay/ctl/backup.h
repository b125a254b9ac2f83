// SPDX-License-Identifier: Apache-2.0
// The state of this host as a file, and back.
#pragma once

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// Of the overlayd that answers, else of a state directory that none uses.
Outcome<Exit> run_backup(Run& run);
/// Where no overlayd runs and no state is.
Outcome<Exit> run_restore(Run& run);

}  // namespace overlay::ctl
