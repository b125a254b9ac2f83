// SPDX-License-Identifier: Apache-2.0
// Reverse path filtering (RFC 3704) on the underlay's device. Two hosts never leave VXLAN out at one moment,
// so packets of the one come in there while answers still go by overlay.vx; a strict filter drops them.
#pragma once

#include <cstdint>
#include <filesystem>

#include "overlay/base/result.h"

namespace overlay::kernel {

/// The note's name in the daemon's --run-dir, which lasts as long as the kernel does.
inline constexpr const char* reverse_path_note = "rp_filter";

/// Makes the filter of that device loose where it is strict. `note` is the file that remembers how it was.
[[nodiscard]] Status loosen_reverse_path(std::uint32_t device, const std::filesystem::path& note);
/// Makes it as the note says, where nobody else has changed it since; nothing happens where there is none.
[[nodiscard]] Status restore_reverse_path(const std::filesystem::path& note);

}  // namespace overlay::kernel
