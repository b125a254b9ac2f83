// SPDX-License-Identifier: Apache-2.0
// Files that hold a secret: this user's or root's, closed to all others, made whole or not at all.
#pragma once

#include <array>
#include <filesystem>
#include <string_view>

#include "overlay/base/result.h"
#include "overlay/store/file.h"

namespace overlay::store {

/// A secret that others can read or plant is none. The error names the file and the cure.
[[nodiscard]] Status check_guarded(const File& file);

/// Makes `path` (0600) with `text`; never replaces a file, and a crash leaves all of it or none.
[[nodiscard]] Status create_guarded(const std::filesystem::path& path, std::string_view text);

/// The same for a file where people keep theirs, and with `replace` in the place of any there is.
[[nodiscard]] Status keep_guarded(const std::filesystem::path& path, std::string_view text, bool replace);

/// From the kernel: 32 bytes for a new secret.
[[nodiscard]] Result<std::array<std::uint8_t, 32>> random_bytes();

}  // namespace overlay::store
