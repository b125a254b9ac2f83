// SPDX-License-Identifier: Apache-2.0
// The log of one machine: what is appended is safe only once a sync that began after it has come to its end.
#pragma once

#include <vector>

#include "overlay/base/bytes.h"
#include "overlay/base/crypto.h"
#include "overlay/base/rng.h"

namespace overlay::sim {

/// What a copy of a disk holds.
struct Image {
  KeyPair identity;
  std::vector<Bytes> entries;
};

class Disk {
 public:
  void append(Bytes entry) { entries_.push_back(std::move(entry)); }
  /// How many entries have been appended, and how many of them no crash can take away.
  std::size_t size() const { return entries_.size(); }
  std::size_t durable() const { return durable_; }
  /// A sync of the first `count` entries has come to its end.
  void synced(std::size_t count);
  /// Replaces everything by a snapshot, atomically, as the store does by rename.
  void compact(std::vector<Bytes> snapshot);
  /// The process died: of what it had not yet written to the file, which is all after `written` entries, a
  /// random beginning is there.
  void process_died(std::size_t written, Rng& rng);
  /// The machine died: of all that is not durable a random beginning is there.
  void power_lost(Rng& rng);
  const std::vector<Bytes>& entries() const { return entries_; }

 private:
  std::vector<Bytes> entries_;
  std::size_t durable_ = 0;
};

}  // namespace overlay::sim
