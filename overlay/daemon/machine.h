// SPDX-License-Identifier: Apache-2.0
// What tells this machine, and this boot of it, from others: how a node notices that it runs from a copy.
#pragma once

#include <filesystem>
#include <vector>

#include "overlay/base/bytes.h"
#include "overlay/base/result.h"

namespace overlay::daemon {

/// RUN_DIR/instance: drawn at the first start since the machine booted, and the same until it boots again.
[[nodiscard]] Result<Nonce> instance_of_boot(const std::filesystem::path& run_dir);

/// Hashes of the machine-id, the product UUID and the first permanent MAC address, in this order; empty where
/// there is none. `root` is where /etc and /sys are.
std::vector<Bytes> machine_marks(const std::filesystem::path& root = "/");

}  // namespace overlay::daemon
