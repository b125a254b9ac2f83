// SPDX-License-Identifier: Apache-2.0
// The few file operations durable storage needs, with errors that name the path and the cure.
#pragma once

#include <filesystem>
#include <string_view>

#include "overlay/base/bytes.h"
#include "overlay/base/result.h"

namespace overlay::store {

class File;

/// Writes `bytes` to `path` so that after a crash it holds either all of them or what it held before; the
/// file returned is open for writing behind them.
[[nodiscard]] Result<File> replace_file(const std::filesystem::path& path, std::string_view bytes);

/// An open file descriptor and the path it was opened by; closed at the end of its life. Movable.
class File {
 public:
  /// As open(2), O_CLOEXEC added; `mode` counts where the flags create.
  [[nodiscard]] static Result<File> open(const std::filesystem::path& path, int flags, unsigned mode = 0600);

  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  int descriptor() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }

  /// From the present position to the end.
  [[nodiscard]] Result<Bytes> read_all() const;
  /// All of `bytes` at the present position. After an error the end of the file is anybody's guess.
  [[nodiscard]] Status write_all(std::string_view bytes) const;
  /// Cuts the file to `size` bytes and goes there. A failure ends the process: what is written next would
  /// land behind rubbish and be unreadable.
  void truncate_or_abort(std::size_t size) const;
  /// fdatasync(2). A failure ends the process: the kernel has dropped the pages and a second try would lie.
  void sync_or_abort() const;

 private:
  friend Result<File> replace_file(const std::filesystem::path&, std::string_view);
  File(int descriptor, std::filesystem::path path) : descriptor_(descriptor), path_(std::move(path)) {}

  int descriptor_ = -1;
  std::filesystem::path path_;
};

/// `PATH: what: reason`; a full disk or quota is Errc::exhausted, all else Errc::io.
Error os_failure(const std::filesystem::path& path, std::string_view what, int error);

/// Makes what was created, renamed or linked in `directory` durable; a failure ends the process as above.
void sync_directory_or_abort(const std::filesystem::path& directory);

}  // namespace overlay::store
