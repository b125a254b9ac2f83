// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace overlay::ctl {

/// Of this program; the build gives it (CMakeLists.txt of the project).
inline constexpr std::string_view version = OVERLAY_VERSION;

}  // namespace overlay::ctl
