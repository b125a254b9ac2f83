// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// `overlayctl doctor`: checks this host, its daemon and the cluster; Exit::no when something does not work.
Outcome<Exit> run_doctor(Run& run);

}  // namespace overlay::ctl
