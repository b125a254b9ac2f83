// SPDX-License-Identifier: Apache-2.0
// All records this node holds, in 256 buckets whose hashes two nodes compare to find what differs. A bucket
// is a vector sorted by the hash of the key: 24 bytes a record beside the record itself, and a look-up
// touches few lines.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "overlay/wire/message.h"
#include "overlay/wire/record.h"

namespace overlay::mesh {

class RecordStore {
 public:
  enum class Insert {
    fresh,  // new or newer: stored
    known,  // the very same
    stale,  // older than what is held
    clash,  // the same version with another content: not stored, evidence of a fork
  };
  struct Slot {
    wire::KeyHash hash;
    wire::RecordRef record;
  };
  using Bucket = std::vector<Slot>;

  /// A node's own records of one version that differ are settled by the higher content hash (a crash between
  /// publishing and remembering), and so is the evidence of one fork; decrees and blocks never are.
  Insert insert(wire::RecordRef record);
  Insert insert(wire::Record record) {
    return insert(std::make_shared<const wire::Record>(std::move(record)));
  }
  void erase(const wire::RecordKey& key);
  const wire::Record* find(const wire::RecordKey& key) const;
  /// Those whose keys have this hash: none or one, but for a miracle. Valid until the next change.
  std::span<const Slot> named(wire::KeyHash hash) const;
  std::size_t size() const { return size_; }
  /// How many there are of a kind.
  std::size_t count(wire::RecordKind kind) const { return counts_[static_cast<std::size_t>(kind)]; }

  /// The hash of everything, and of each bucket.
  wire::Root root() const;
  std::vector<std::uint64_t> digest() const { return {hashes_.begin(), hashes_.end()}; }
  const Bucket& bucket(std::uint8_t index) const { return buckets_[index]; }
  static std::uint8_t bucket_of(wire::KeyHash hash) { return static_cast<std::uint8_t>(hash >> 56); }

  /// Calls `visit(record)` for every record of a kind, bucket by bucket.
  template <class Visit>
  void each(wire::RecordKind kind, Visit visit) const {
    for (const Bucket& bucket : buckets_) {
      for (const Slot& slot : bucket) {
        if (wire::kind_of(slot.record->key) == kind) visit(*slot.record);
      }
    }
  }

 private:
  static constexpr std::size_t kinds = 9;  // above the highest number of a kind

  std::array<Bucket, wire::digest_buckets> buckets_;
  std::array<std::uint64_t, wire::digest_buckets> hashes_{};  // XOR of the contents
  std::array<std::size_t, kinds> counts_{};
  std::size_t size_ = 0;
};

/// How a record is named to others.
inline wire::DigestEntry entry_of(const wire::Record& record) {
  return {wire::hash_of(record.key), record.version, record.content};
}

}  // namespace overlay::mesh
