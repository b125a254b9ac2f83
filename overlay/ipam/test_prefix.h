// SPDX-License-Identifier: Apache-2.0
// Prefixes for tests.
#pragma once

#include "overlay/addr/prefix.h"

namespace overlay::ipam {

inline Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

}  // namespace overlay::ipam
