// SPDX-License-Identifier: Apache-2.0
// Any bytes as a state log: reading them never crashes, and what is read back is byte for byte what was kept.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "overlay/store/log_format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto log = overlay::store::parse_log(bytes);
  if (!log) return 0;
  if (log->good_bytes + log->torn_bytes != size || log->snapshot_bytes > log->good_bytes) std::abort();
  // A log without its torn tail reads the same and has none.
  const auto again = overlay::store::parse_log(bytes.substr(0, log->good_bytes));
  if (!again || again->entries != log->entries || again->torn_bytes != 0) std::abort();
  return 0;
}
