// SPDX-License-Identifier: Apache-2.0
// The page of the map, as ui/ has built it and cmake/embed.cmake put it into the program.
#pragma once

#include <string_view>

namespace overlay::control {

std::string_view map_page();

}  // namespace overlay::control
