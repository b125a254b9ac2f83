// SPDX-License-Identifier: Apache-2.0
// overlayctl as a function: arguments in, text and exit code out.
#pragma once

#include <string>
#include <vector>

#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// What the command line takes: the options of all commands, and the commands with theirs.
void declare(CLI::App& parser, Options& options);

/// `arguments` without the program's name. Answers go to console.out, everything else to console.err.
Exit run(std::vector<std::string> arguments, Console& console);

}  // namespace overlay::ctl
