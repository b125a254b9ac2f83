// SPDX-License-Identifier: Apache-2.0
// A node's state directory as one file, and back.
#pragma once

#include <filesystem>
#include <string>

#include "overlay/store/backup_format.h"
#include "overlay/store/state_dir.h"

namespace overlay::store {

/// Of a state directory that no overlayd uses; changes nothing there.
[[nodiscard]] Result<Backup> back_up(const StateDir& directory, WallTime now, const std::string& version);

/// Makes the state that overlayd goes on from, marked as restored. Errc::exists names what is there already;
/// after any error the directory holds what it held before.
[[nodiscard]] Status restore(const StateDir& directory, const Backup& backup);

}  // namespace overlay::store
