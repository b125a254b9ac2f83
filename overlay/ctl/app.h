// SPDX-License-Identifier: Apache-2.0
// overlayctl as a function: arguments in, text and exit code out.
#pragma once

#include <string>
#include <vector>

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// `arguments` without the program's name. Answers go to console.out, everything else to console.err.
Exit run(std::vector<std::string> arguments, Console& console);

}  // namespace overlay::ctl
