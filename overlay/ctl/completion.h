// SPDX-License-Identifier: Apache-2.0
// Shell completions, made from the parser itself: what it knows is what they offer.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "overlay/base/result.h"
#include "overlay/ctl/commands.h"

namespace overlay::ctl {

/// The script for "bash", "zsh" or "fish"; Errc::invalid for any other.
[[nodiscard]] Result<std::string> completion(const CLI::App& parser, const std::string& shell);

}  // namespace overlay::ctl
