// SPDX-License-Identifier: Apache-2.0
// The bytes of STATE_DIR/state.log, without the file: an append-only log of opaque entries.
//
//   header  "OVLSTATE", u32 format version, u32 crc, u64 snapshot
//   record  u32 length, u32 crc, u64 lsn, u64 durable, body of length bytes
//
// Integers are little-endian; a crc is CRC-32C (Castagnoli) over all that follows it in its header or record.
// LSNs count the records of the file from 1. `snapshot` is the LSN of the last record that was on disk when
// the file got its name; `durable` is the LSN up to which the log was known to be on disk when the record was
// written.
//
// Those two settle the one hard question of reading: unreadable bytes behind the last good record are a torn
// tail when nothing says that they were ever durable (a crash before the sync: nobody was promised anything),
// and damage otherwise.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "overlay/base/bytes.h"
#include "overlay/base/result.h"

namespace overlay::store {

/// The longest entry, bytes: four times the longest frame of the mesh.
inline constexpr std::size_t max_entry_bytes = 1024 * 1024;
inline constexpr std::size_t log_header_bytes = 24;
inline constexpr std::size_t record_header_bytes = 24;

/// What a log says.
struct LogContents {
  std::vector<Bytes> entries;      // the LSN of the last is their number
  std::size_t snapshot_bytes = 0;  // up to the end of the snapshot
  std::size_t good_bytes = 0;      // up to the end of the last entry
  std::size_t torn_bytes = 0;      // behind it, to be cut
};

/// What a log begins with whose first `snapshot` records are durable before it gets its name.
Bytes log_header(std::uint64_t snapshot);

/// Appends one record; `entry` is at most max_entry_bytes.
void append_record(Bytes& out, std::uint64_t lsn, std::uint64_t durable, std::string_view entry);

/// Reads a whole log. Errc::unsupported for a format newer than ours, Errc::corrupt for damage; the text
/// names the byte.
[[nodiscard]] Result<LogContents> parse_log(std::string_view bytes);

}  // namespace overlay::store
