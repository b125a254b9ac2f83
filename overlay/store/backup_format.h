// SPDX-License-Identifier: Apache-2.0
// The bytes of a backup: a state log whose first entry is a wire::BackupEntry and whose others rebuild the
// node's state. It is written whole: a cut is damage, and so is anything behind its end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "overlay/addr/prefix.h"
#include "overlay/store/log_format.h"
#include "overlay/wire/log_entry.h"

namespace overlay::store {

struct Backup {
  wire::BackupEntry made;
  std::vector<Bytes> entries;  // of the log

  // What they say, for people.
  NodeId node;
  ClusterId cluster;
  std::string name;            // empty: the node has not told anybody yet
  std::vector<Prefix> blocks;  // owned by the node
  std::size_t leases = 0;      // to pods
};

/// `made` and the log it belongs to as one; looks into each entry. Errc::unavailable before there is a
/// cluster.
[[nodiscard]] Result<Backup> make_backup(wire::BackupEntry made, std::vector<Bytes> entries);
/// The file, without a look into the entries.
Bytes backup_bytes(const wire::BackupEntry& made, const std::vector<Bytes>& entries);
/// Errc::unsupported for what only a newer version reads, Errc::corrupt for damage; the text completes "FILE:
/// ".
[[nodiscard]] Result<Backup> parse_backup(std::string_view bytes);

}  // namespace overlay::store
