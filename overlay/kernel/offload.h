// SPDX-License-Identifier: Apache-2.0
// Who sums up what a device sends, as `ethtool -K DEVICE tx` has it: this kernel, or whatever is below.
#pragma once

#include <string>

#include "overlay/base/result.h"

namespace overlay::kernel {

/// True where checksums are left to what is below.
[[nodiscard]] Result<bool> checksum_offload(const std::string& device);
/// Takes effect at once, for all that is sent from then on.
[[nodiscard]] Status set_checksum_offload(const std::string& device, bool on);

}  // namespace overlay::kernel
