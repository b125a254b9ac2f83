// SPDX-License-Identifier: Apache-2.0
// What the state directory tells before it is opened for good.
#pragma once

#include <filesystem>

namespace overlay::daemon {

/// False where a daemon has yet to find or found its cluster, though it may have begun a log while it waited
/// to be told which. True where the log cannot be read: nothing is founded over it.
bool was_in_cluster(const std::filesystem::path& state_dir);

}  // namespace overlay::daemon
