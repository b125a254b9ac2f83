// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/past.h"

#include <fcntl.h>

#include <algorithm>

#include "overlay/store/file.h"
#include "overlay/store/log_format.h"
#include "overlay/wire/log_entry.h"

namespace overlay::daemon {
namespace {

/// The first record of a log is the genesis, without which there are no others.
bool is_record(const Bytes& bytes) {
  const auto entry = wire::decode_entry(bytes);
  return !entry || std::holds_alternative<wire::RecordEntry>(*entry);
}

}  // namespace

bool was_in_cluster(const std::filesystem::path& state_dir) {
  const auto path = state_dir / "state.log";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return false;
  auto file = store::File::open(path, O_RDONLY);
  if (!file) return true;
  const auto bytes = file->read_all();
  if (!bytes) return true;
  const auto log = store::parse_log(*bytes);
  return !log || std::ranges::any_of(log->entries, is_record);
}

}  // namespace overlay::daemon
