// SPDX-License-Identifier: Apache-2.0
// overlayctl(1), made from the command line's own parser: what there is and what it takes is said once, by
// the parser; the template has the rest. Its lines of two kinds are filled in:
//
//   .Command ipam extend   becomes the command's synopsis, its summary and its arguments; its text follows
//   .Option output         becomes the item of an option of all commands; its text follows
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "overlay/base/result.h"

namespace overlay::ctl {

/// Errc::invalid where the template leaves something out or has what the parser does not know.
[[nodiscard]] Result<std::string> man_page(const CLI::App& parser, const std::string& page_template);

}  // namespace overlay::ctl
