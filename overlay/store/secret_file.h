// SPDX-License-Identifier: Apache-2.0
// A cluster secret in a file: its text on one line.
#pragma once

#include <filesystem>

#include "overlay/base/result.h"
#include "overlay/base/secret.h"

namespace overlay::store {

/// The error names the file, what is wrong (not a regular file, open to others, no secret) and the cure, and
/// never what the file holds.
[[nodiscard]] Result<Secret> load_secret(const std::filesystem::path& path);

/// A fresh one from the kernel's random numbers, in a file that was not there (0600).
[[nodiscard]] Result<Secret> make_secret(const std::filesystem::path& path);

/// Puts it there in place of what there was (0600).
[[nodiscard]] Status keep_secret(const std::filesystem::path& path, const Secret& secret);

}  // namespace overlay::store
