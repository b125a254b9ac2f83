// SPDX-License-Identifier: Apache-2.0
// Any bytes as a backup, and any entries in one that is not damaged, each behind its length in two bytes:
// reading them never crashes, and what is read reads the same when it is written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "overlay/store/backup_format.h"

namespace {

void read(std::string_view bytes) {
  const auto backup = overlay::store::parse_backup(bytes);
  if (!backup) return;
  const auto again =
      overlay::store::parse_backup(overlay::store::backup_bytes(backup->made, backup->entries));
  if (!again || again->entries != backup->entries || again->node != backup->node) std::abort();
}

std::string_view take_entry(std::string_view& rest) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(rest[i]));
  };
  const std::size_t length = byte(0) + 256 * byte(1);
  const std::string_view entry = rest.substr(2, length);
  rest = rest.substr(2 + entry.size());
  return entry;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  read(rest);
  overlay::Bytes log = overlay::store::log_header(0);
  for (std::uint64_t lsn = 1; rest.size() >= 2; ++lsn) {
    overlay::store::append_record(log, lsn, lsn - 1, take_entry(rest));
  }
  read(log);
  return 0;
}
