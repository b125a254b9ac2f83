// SPDX-License-Identifier: Apache-2.0
// All records this node holds, in 256 buckets whose hashes two nodes compare to find what differs.
#pragma once

#include <array>
#include <map>
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

  /// A node's own records of one version that differ are settled by the higher content hash (a crash between
  /// publishing and remembering); decrees and blocks never are.
  Insert insert(wire::Record record);
  void erase(const wire::RecordKey& key);
  const wire::Record* find(const wire::RecordKey& key) const;
  std::size_t size() const;

  /// One hash a bucket.
  std::vector<std::uint64_t> digest() const;
  /// Records of one bucket, by key.
  const std::map<wire::RecordKey, wire::Record>& bucket(std::uint8_t index) const { return buckets_[index]; }
  static std::uint8_t bucket_of(const wire::RecordKey& key);

  /// Calls `visit(record)` for every record of a kind, bucket by bucket.
  template <class Visit>
  void each(wire::RecordKind kind, Visit visit) const {
    for (const auto& bucket : buckets_) {
      for (const auto& [key, record] : bucket) {
        if (wire::kind_of(key) == kind) visit(record);
      }
    }
  }

 private:
  std::array<std::map<wire::RecordKey, wire::Record>, wire::digest_buckets> buckets_;
  std::array<std::uint64_t, wire::digest_buckets> hashes_{};  // XOR of the contents
};

}  // namespace overlay::mesh
