// SPDX-License-Identifier: Apache-2.0
#include "overlay/store/store.h"

#include <fcntl.h>

#include "overlay/store/log_format.h"

namespace overlay::store {
namespace {

/// Below this a log is not worth rewriting; above it, it may grow to four times what a snapshot takes.
constexpr std::size_t compaction_floor_bytes = 4 * 1024 * 1024;
constexpr std::size_t compaction_factor = 4;

constexpr std::string_view corrupt_cure =
    "; nothing was changed: restore the state directory from a backup, or stop the pods of this host, move "
    "the directory "
    "away and let the host join as a new node";

Error explain(const std::filesystem::path& path, Error error) {
  if (error.code == Errc::corrupt) error.text += corrupt_cure;
  return with_context(path.string(), std::move(error));
}

/// The records of `entries` from `first_lsn` on. Errc::invalid for an entry that could not be read back.
Result<Bytes> records(std::span<const Bytes> entries, std::uint64_t first_lsn, std::uint64_t durable) {
  Bytes out;
  for (const Bytes& entry : entries) {
    if (entry.size() > max_entry_bytes) {
      return fail(Errc::invalid, "an entry of " + std::to_string(entry.size()) +
                                     " bytes is longer than the log's " + std::to_string(max_entry_bytes));
    }
    append_record(out, first_lsn++, durable, entry);
  }
  return out;
}

}  // namespace

Result<Store> Store::begin(const std::filesystem::path& path, std::span<const Bytes> entries) {
  OVERLAY_TRY(const Bytes body, records(entries, 1, entries.size()));
  const Bytes log = log_header(entries.size()) + body;
  OVERLAY_TRY(File file, replace_file(path, log));
  Store store(std::move(file));
  store.bytes_ = store.snapshot_bytes_ = log.size();
  store.last_lsn_ = store.durable_lsn_ = entries.size();
  return store;
}

Result<Store> Store::open(const StateDir& directory, Recovered& recovered) {
  const std::filesystem::path path = directory.path() / "state.log";
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return begin(path, {});
  OVERLAY_TRY(File file, File::open(path, O_RDWR));
  OVERLAY_TRY(const Bytes bytes, file.read_all());
  auto log = parse_log(bytes);
  if (!log) return explain(path, log.error());
  if (log->torn_bytes > 0) {
    recovered.warning = path.string() + ": cut " + std::to_string(log->torn_bytes) + " bytes at byte " +
                        std::to_string(log->good_bytes) +
                        ": a write that a crash interrupted before it was promised";
    file.truncate_or_abort(log->good_bytes);
  }
  Store store(std::move(file));
  store.bytes_ = log->good_bytes;
  store.snapshot_bytes_ = log->snapshot_bytes;
  store.last_lsn_ = log->entries.size();
  recovered.entries = std::move(log->entries);
  // What was read may still be in the page cache alone; from here on it counts as durable.
  store.sync();
  return store;
}

Status Store::replace(const StateDir& directory, std::span<const Bytes> entries) {
  OVERLAY_CHECK(begin(directory.path() / "state.log", entries));
  return {};
}

Status Store::append(std::span<const Bytes> entries) {
  OVERLAY_TRY(const Bytes added, records(entries, last_lsn_ + 1, durable_lsn_));
  if (const Status written = file_.write_all(added); !written) {
    file_.truncate_or_abort(bytes_);
    return written;
  }
  bytes_ += added.size();
  last_lsn_ += entries.size();
  return {};
}

void Store::sync() {
  if (durable_lsn_ == last_lsn_) return;
  file_.sync_or_abort();
  durable_lsn_ = last_lsn_;
}

bool Store::wants_compaction() const {
  return bytes_ > compaction_floor_bytes && bytes_ > compaction_factor * snapshot_bytes_;
}

Status Store::compact(std::span<const Bytes> entries) {
  OVERLAY_TRY(*this, begin(file_.path(), entries));
  return {};
}

}  // namespace overlay::store
