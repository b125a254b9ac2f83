// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// `overlayctl connect` and `overlayctl disconnect`: whom overlayd calls for ever, besides its --join.
Outcome<Exit> run_connect(Run& run);
Outcome<Exit> run_disconnect(Run& run);

}  // namespace overlay::ctl
