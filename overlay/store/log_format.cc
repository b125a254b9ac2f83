// SPDX-License-Identifier: Apache-2.0
#include "overlay/store/log_format.h"

#include <algorithm>
#include <boost/crc.hpp>
#include <optional>

namespace overlay::store {
namespace {

constexpr std::string_view magic = "OVLSTATE";
constexpr std::uint32_t format_version = 1;

/// One readable record and where it ends.
struct Record {
  std::uint64_t lsn = 0;
  std::uint64_t durable = 0;
  std::string_view body;
  std::size_t end = 0;
};

template <class T>
void append_le(Bytes& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

template <class T>
T read_le(std::string_view from) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value |= static_cast<T>(static_cast<unsigned char>(from[i])) << (8 * i);
  return value;
}

std::uint32_t crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

/// The record at `at`, if its LSN is within [lsn_low, lsn_high] and its checksum right. The LSN is looked at
/// first because that is cheap, and it is almost always wrong where no record begins.
std::optional<Record> record_at(std::string_view log, std::size_t at, std::uint64_t lsn_low,
                                std::uint64_t lsn_high) {
  const std::string_view rest = log.substr(at);
  if (rest.size() < record_header_bytes) return std::nullopt;
  const auto length = read_le<std::uint32_t>(rest);
  if (length > max_entry_bytes || length > rest.size() - record_header_bytes) return std::nullopt;
  const Record record{.lsn = read_le<std::uint64_t>(rest.substr(8)),
                      .durable = read_le<std::uint64_t>(rest.substr(16)),
                      .body = rest.substr(record_header_bytes, length),
                      .end = at + record_header_bytes + length};
  if (record.lsn < lsn_low || record.lsn > lsn_high) return std::nullopt;
  if (crc32c(rest.substr(8, 16 + length)) != read_le<std::uint32_t>(rest.substr(4))) return std::nullopt;
  return record;
}

/// The highest `durable` of the records that are readable somewhere behind `from`, where none begins.
std::uint64_t durable_behind(std::string_view log, std::size_t from, std::uint64_t last_lsn) {
  const std::uint64_t lsn_high = last_lsn + 1 + (log.size() - from) / record_header_bytes;
  std::uint64_t durable = 0;
  for (std::size_t at = from + 1; at + record_header_bytes <= log.size();) {
    const auto record = record_at(log, at, last_lsn + 1, lsn_high);
    if (record) durable = std::max(durable, record->durable);
    at = record ? record->end : at + 1;
  }
  return durable;
}

/// The `snapshot` of the header.
Result<std::uint64_t> parse_header(std::string_view log) {
  if (log.size() < log_header_bytes || !log.starts_with(magic)) {
    return fail(Errc::corrupt, "byte 0: it does not begin as a state log does");
  }
  // The version comes before the checksum: a newer format may have another header.
  const auto version = read_le<std::uint32_t>(log.substr(8));
  if (version > format_version) {
    return fail(Errc::unsupported, "it has format " + std::to_string(version) +
                                       " and this overlayd reads up to " + std::to_string(format_version) +
                                       ": run the newer overlayd that wrote it");
  }
  if (version == 0 || crc32c(log.substr(16, 8)) != read_le<std::uint32_t>(log.substr(12))) {
    return fail(Errc::corrupt, "byte 8: the header is damaged");
  }
  return read_le<std::uint64_t>(log.substr(16));
}

}  // namespace

Bytes log_header(std::uint64_t snapshot) {
  Bytes checked;
  append_le(checked, snapshot);
  Bytes out(magic);
  append_le(out, format_version);
  append_le(out, crc32c(checked));
  return out + checked;
}

void append_record(Bytes& out, std::uint64_t lsn, std::uint64_t durable, std::string_view entry) {
  Bytes checked;
  checked.reserve(16 + entry.size());
  append_le(checked, lsn);
  append_le(checked, durable);
  checked += entry;
  append_le(out, static_cast<std::uint32_t>(entry.size()));
  append_le(out, crc32c(checked));
  out += checked;
}

Result<LogContents> parse_log(std::string_view bytes) {
  OVERLAY_TRY(const std::uint64_t snapshot, parse_header(bytes));
  LogContents log;
  log.good_bytes = log.snapshot_bytes = log_header_bytes;
  std::uint64_t durable = snapshot;
  std::uint64_t lsn = 0;
  while (const auto record = record_at(bytes, log.good_bytes, lsn + 1, lsn + 1)) {
    lsn = record->lsn;
    log.entries.emplace_back(record->body);
    log.good_bytes = record->end;
    if (lsn == snapshot) log.snapshot_bytes = record->end;
    durable = std::max(durable, record->durable);
  }
  log.torn_bytes = bytes.size() - log.good_bytes;
  durable = std::max(durable, durable_behind(bytes, log.good_bytes, lsn));
  if (durable > lsn) {
    return fail(Errc::corrupt, "byte " + std::to_string(log.good_bytes) + ": entry " +
                                   std::to_string(lsn + 1) +
                                   " cannot be read, although it was safely on disk once");
  }
  return log;
}

}  // namespace overlay::store
