// SPDX-License-Identifier: Apache-2.0
// Who is shown the map in the browser.
#pragma once

#include <cstdint>

namespace overlay::control {

enum class MapFor : std::uint8_t {
  local,  // callers at a loopback address
  all,    // whoever reaches the listener
  nobody,
};

}  // namespace overlay::control
