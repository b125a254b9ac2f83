// SPDX-License-Identifier: Apache-2.0
// A network namespace on the overlay without a runtime: what the CNI plugin does, done by its own code.
#pragma once

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// `overlayctl attach NETNS`: an address and an interface for it.
Outcome<Exit> run_attach(Run& run);
/// `overlayctl detach NETNS`: takes them away; there being none is fine.
Outcome<Exit> run_detach(Run& run);

}  // namespace overlay::ctl
