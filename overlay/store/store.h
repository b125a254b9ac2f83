// SPDX-License-Identifier: Apache-2.0
// The node's durable memory: STATE_DIR/state.log, an append-only log with group commit and compaction.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "overlay/base/bytes.h"
#include "overlay/base/result.h"
#include "overlay/store/file.h"
#include "overlay/store/state_dir.h"

namespace overlay::store {

/// What an earlier life left.
struct Recovered {
  std::vector<Bytes> entries;  // in the order they were appended
  std::string warning;         // one sentence when a torn tail was cut; else empty
};

/// Appends opaque entries and makes them durable. One thread; the StateDir must outlive it.
///
///   append()  the entries are in the file, but a crash may lose them, newest first
///   sync()    now it may not; then, and only then, anybody may be told what they say
class Store {
 public:
  /// Reads the log, or begins one; `recovered` gets what was there. Errc::corrupt and Errc::unsupported name
  /// file, byte and cure and leave the file as it is.
  [[nodiscard]] static Result<Store> open(const StateDir& directory, Recovered& recovered);

  /// Puts a log that holds just `entries` in the place of any there is, durably.
  [[nodiscard]] static Status replace(const StateDir& directory, std::span<const Bytes> entries);

  /// All of `entries` or none: after an error (Errc::exhausted: the disk is full) the log is as it was, and
  /// the same call may be made again.
  [[nodiscard]] Status append(std::span<const Bytes> entries);
  /// Makes all that was appended durable. A disk that cannot ends the process.
  void sync();

  /// True when most of a log worth minding is history.
  bool wants_compaction() const;
  /// Replaces the log by one that holds just `entries`, durably. After an error the old one goes on.
  [[nodiscard]] Status compact(std::span<const Bytes> entries);

  /// Of the log on disk.
  std::size_t bytes() const { return bytes_; }

 private:
  explicit Store(File file) : file_(std::move(file)) {}
  [[nodiscard]] static Result<Store> begin(const std::filesystem::path& path, std::span<const Bytes> entries);

  File file_;
  std::size_t bytes_ = 0;
  std::size_t snapshot_bytes_ = 0;
  std::uint64_t last_lsn_ = 0;
  std::uint64_t durable_lsn_ = 0;
};

}  // namespace overlay::store
