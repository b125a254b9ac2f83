// SPDX-License-Identifier: Apache-2.0
// STATE_DIR: the one place on disk where a node keeps what it is and what it has promised.
#pragma once

#include <filesystem>

#include "overlay/base/result.h"
#include "overlay/store/file.h"

namespace overlay::store {

/// The state directory, held by this process alone for as long as the object lives (flock on STATE_DIR/lock).
class StateDir {
 public:
  /// Makes the directory (0700) when there is none. Errc::conflict names the process that holds it; anything
  /// that keeps us from reading and writing there is Errc::io with the path and the cure.
  [[nodiscard]] static Result<StateDir> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }

 private:
  StateDir(std::filesystem::path path, File lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  File lock_;
};

}  // namespace overlay::store
