// SPDX-License-Identifier: Apache-2.0
#include "overlay/store/backup_format.h"

#include "overlay/ipam/block_map.h"
#include "overlay/ipam/leases.h"

namespace overlay::store {
namespace {

/// What the log tells when it is read in order.
class Reader {
 public:
  explicit Reader(Backup& backup) : backup_(backup) {}

  Status take(const wire::LogEntry& entry) {
    if (const auto* record = std::get_if<wire::RecordEntry>(&entry)) return take(record->envelope);
    if (const auto* lease = std::get_if<wire::LeaseEntry>(&entry)) leases_.restore(lease->lease);
    if (const auto* release = std::get_if<wire::ReleaseEntry>(&entry))
      leases_.release(release->key, release->at);
    if (std::holds_alternative<wire::BackupEntry>(entry))
      return fail(Errc::corrupt, "a backup inside a backup");
    return {};
  }

  Status finish() {
    if (backup_.cluster.is_zero()) return fail(Errc::unavailable, "the node is in no cluster yet");
    for (const auto& block : blocks_.owned_by(backup_.node)) backup_.blocks.push_back(block.prefix);
    backup_.leases = leases_.size();
    return {};
  }

 private:
  Status take(const Bytes& envelope) {
    const auto record = wire::read(envelope);
    if (!record) return fail(Errc::corrupt, record.error().text);
    if (std::holds_alternative<consensus::Genesis>(record->body)) backup_.cluster = wire::cluster_of(*record);
    if (const auto* block = std::get_if<ipam::BlockRecord>(&record->body)) blocks_.merge(*block);
    const auto* info = std::get_if<wire::NodeInfo>(&record->body);
    if (info != nullptr && record->key == wire::node_key(backup_.node)) backup_.name = info->name;
    return {};
  }

  Backup& backup_;
  ipam::BlockMap blocks_;
  ipam::Leases leases_;
};

}  // namespace

Result<Backup> make_backup(wire::BackupEntry made, std::vector<Bytes> entries) {
  Backup out;
  out.node = KeyPair::from_seed(made.seed).node_id();
  Reader reader(out);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto entry = wire::decode_entry(entries[i]);
    const Status taken = entry ? reader.take(*entry) : Status(entry.error());
    if (!taken) return with_context("entry " + std::to_string(i + 1) + " of its log", taken.error());
  }
  OVERLAY_CHECK(reader.finish());
  out.made = std::move(made);
  out.entries = std::move(entries);
  return out;
}

Bytes backup_bytes(const wire::BackupEntry& made, const std::vector<Bytes>& entries) {
  const std::size_t count = entries.size() + 1;
  Bytes out = log_header(count);
  append_record(out, 1, count, wire::encode_entry(made));
  for (std::size_t i = 0; i < entries.size(); ++i) append_record(out, i + 2, count, entries[i]);
  return out;
}

Result<Backup> parse_backup(std::string_view bytes) {
  OVERLAY_TRY(auto log, parse_log(bytes));
  if (log.torn_bytes > 0) {
    return fail(Errc::corrupt, "byte " + std::to_string(log.good_bytes) + ": there is more behind its end");
  }
  if (log.entries.empty()) return fail(Errc::corrupt, "it is empty");
  OVERLAY_TRY(auto first, wire::decode_entry(log.entries.front()));
  auto* made = std::get_if<wire::BackupEntry>(&first);
  if (made == nullptr) return fail(Errc::corrupt, "it is the state log of a node and no backup");
  log.entries.erase(log.entries.begin());
  return make_backup(std::move(*made), std::move(log.entries));
}

}  // namespace overlay::store
