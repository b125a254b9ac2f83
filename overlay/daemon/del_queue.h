// SPDX-License-Identifier: Apache-2.0
// Catches up with the pods that were deleted while this daemon was away or could not answer
// (cni-shim/del_queue.h has the format).
#pragma once

#include <filesystem>
#include <functional>

#include "overlay/control/backend.h"

namespace overlay::daemon {

using Release = std::function<void(const ipam::LeaseKey&, control::LeaseReply)>;

/// Has what each file in `directory` names released, and removes the file when that is done. A file that
/// cannot be understood is logged once and kept under another name.
void drain_del_queue(const std::filesystem::path& directory, const Release& release);

}  // namespace overlay::daemon
