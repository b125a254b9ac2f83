// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/record_store.h"

namespace overlay::mesh {
namespace {

bool settled_by_content(wire::RecordKind kind) {
  return kind == wire::RecordKind::node || kind == wire::RecordKind::links;
}

}  // namespace

std::uint8_t RecordStore::bucket_of(const wire::RecordKey& key) {
  // FNV-1a: spreads prefixes that differ in one bit; nothing here needs to resist an adversary beyond
  // imbalance.
  std::uint32_t hash = 2166136261U;
  for (const std::uint8_t byte : key.bytes) hash = (hash ^ byte) * 16777619U;
  return static_cast<std::uint8_t>(hash ^ hash >> 8 ^ hash >> 16 ^ hash >> 24);
}

RecordStore::Insert RecordStore::insert(wire::Record record) {
  const std::uint8_t index = bucket_of(record.key);
  auto& bucket = buckets_[index];
  const auto held = bucket.find(record.key);
  if (held != bucket.end()) {
    const wire::Record& old = held->second;
    if (record.content == old.content) return Insert::known;
    if (record.version < old.version) return Insert::stale;
    if (record.version == old.version) {
      if (!settled_by_content(wire::kind_of(record.key))) return Insert::clash;
      if (record.content < old.content) return Insert::stale;
    }
    hashes_[index] ^= old.content;
  }
  hashes_[index] ^= record.content;
  const auto key = record.key;
  bucket.insert_or_assign(key, std::move(record));
  return Insert::fresh;
}

void RecordStore::erase(const wire::RecordKey& key) {
  const std::uint8_t index = bucket_of(key);
  const auto held = buckets_[index].find(key);
  if (held == buckets_[index].end()) return;
  hashes_[index] ^= held->second.content;
  buckets_[index].erase(held);
}

const wire::Record* RecordStore::find(const wire::RecordKey& key) const {
  const auto& bucket = buckets_[bucket_of(key)];
  const auto held = bucket.find(key);
  return held == bucket.end() ? nullptr : &held->second;
}

std::size_t RecordStore::size() const {
  std::size_t total = 0;
  for (const auto& bucket : buckets_) total += bucket.size();
  return total;
}

std::vector<std::uint64_t> RecordStore::digest() const { return {hashes_.begin(), hashes_.end()}; }

}  // namespace overlay::mesh
