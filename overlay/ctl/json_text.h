// SPDX-License-Identifier: Apache-2.0
// JSON for people: the daemon's own text, indented. Pure. Nothing is parsed into messages, so what a newer
// daemon says is shown whole, and numbers keep their digits.
#pragma once

#include <string>
#include <string_view>

namespace overlay::ctl {

/// Valid JSON with two spaces a level, ended by a newline; anything else comes out in some shape.
std::string indented(std::string_view json);

}  // namespace overlay::ctl
