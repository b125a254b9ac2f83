// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/record_store.h"

#include <algorithm>

namespace overlay::mesh {
namespace {

bool settled_by_content(wire::RecordKind kind) {
  return kind == wire::RecordKind::node || kind == wire::RecordKind::links || kind == wire::RecordKind::fork;
}

bool before(const RecordStore::Slot& slot, wire::KeyHash hash) { return slot.hash < hash; }

/// The place of the slot of the key, or where it belongs.
std::size_t lookup(const RecordStore::Bucket& bucket, const wire::RecordKey& key, wire::KeyHash hash) {
  auto at = std::lower_bound(bucket.begin(), bucket.end(), hash, before);
  while (at != bucket.end() && at->hash == hash && at->record->key != key) ++at;
  return static_cast<std::size_t>(at - bucket.begin());
}

bool is_at(const RecordStore::Bucket& bucket, std::size_t place, wire::KeyHash hash) {
  return place < bucket.size() && bucket[place].hash == hash;
}

}  // namespace

RecordStore::Insert RecordStore::insert(wire::RecordRef record) {
  const wire::KeyHash hash = wire::hash_of(record->key);
  Bucket& bucket = buckets_[bucket_of(hash)];
  std::uint64_t& digest = hashes_[bucket_of(hash)];
  const std::size_t place = lookup(bucket, record->key, hash);
  if (!is_at(bucket, place, hash)) {
    digest ^= record->content;
    ++counts_[static_cast<std::size_t>(wire::kind_of(record->key))];
    ++size_;
    bucket.insert(bucket.begin() + static_cast<std::ptrdiff_t>(place), {hash, std::move(record)});
    return Insert::fresh;
  }
  const wire::Record& old = *bucket[place].record;
  if (record->content == old.content) return Insert::known;
  if (record->version < old.version) return Insert::stale;
  if (record->version == old.version) {
    if (!settled_by_content(wire::kind_of(record->key))) return Insert::clash;
    if (record->content < old.content) return Insert::stale;
  }
  digest ^= old.content ^ record->content;
  bucket[place].record = std::move(record);
  return Insert::fresh;
}

void RecordStore::erase(const wire::RecordKey& key) {
  const wire::KeyHash hash = wire::hash_of(key);
  Bucket& bucket = buckets_[bucket_of(hash)];
  const std::size_t place = lookup(bucket, key, hash);
  if (!is_at(bucket, place, hash)) return;
  hashes_[bucket_of(hash)] ^= bucket[place].record->content;
  --counts_[static_cast<std::size_t>(wire::kind_of(key))];
  --size_;
  bucket.erase(bucket.begin() + static_cast<std::ptrdiff_t>(place));
}

const wire::Record* RecordStore::find(const wire::RecordKey& key) const {
  const wire::KeyHash hash = wire::hash_of(key);
  const Bucket& bucket = buckets_[bucket_of(hash)];
  const std::size_t place = lookup(bucket, key, hash);
  return is_at(bucket, place, hash) ? bucket[place].record.get() : nullptr;
}

std::span<const RecordStore::Slot> RecordStore::named(wire::KeyHash hash) const {
  const Bucket& bucket = buckets_[bucket_of(hash)];
  const auto first = std::lower_bound(bucket.begin(), bucket.end(), hash, before);
  auto last = first;
  while (last != bucket.end() && last->hash == hash) ++last;
  return {first, last};
}

/// Weighted by the place, so that a record does not count the same in another bucket.
wire::Root RecordStore::root() const {
  wire::Root out;
  for (const std::uint64_t hash : hashes_) out.hash = (out.hash ^ hash) * 0x9e3779b97f4a7c15U;
  out.count = size_;
  return out;
}

}  // namespace overlay::mesh
