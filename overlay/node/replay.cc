// SPDX-License-Identifier: Apache-2.0
// A node's log: what it means to read it again, and the fewest entries that mean the same.
#include <algorithm>

#include "overlay/node/impl.h"

namespace overlay::node {
namespace {

/// A time of some boot, read in this one. The time since boot never runs ahead of the time since an event of
/// an earlier boot, so what was let go then can only look younger than it is.
Time no_later_than(Time now, Time written) { return std::min(now, written); }

}  // namespace

Status Node::Impl::replay(const std::vector<Bytes>& entries, Time now) {
  std::vector<wire::Record> records;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto where =
        "entry " + std::to_string(i + 1) + " of " + std::to_string(entries.size()) + " of the state log";
    auto entry = wire::decode_entry(entries[i]);
    Status replayed = entry ? replay(*entry, records, now) : Status(entry.error());
    if (!replayed) return with_context(where, std::move(replayed).error());
  }
  registration.start(context.incarnation);
  context.incarnation += 1;
  context.persist(wire::IncarnationEntry{context.incarnation});
  make_mesh(std::move(records), now);
  return {};
}

Status Node::Impl::replay(const wire::LogEntry& entry, std::vector<wire::Record>& records, Time now) {
  if (const auto* start = std::get_if<wire::IncarnationEntry>(&entry)) {
    context.incarnation = std::max(context.incarnation, start->incarnation);
  } else if (const auto* record = std::get_if<wire::RecordEntry>(&entry)) {
    return replay_record(record->envelope, records);
  } else if (const auto* lease = std::get_if<wire::LeaseEntry>(&entry)) {
    context.leases.restore(lease->lease);
  } else if (const auto* release = std::get_if<wire::ReleaseEntry>(&entry)) {
    context.leases.release(release->key, no_later_than(now, release->at));
  } else if (const auto* cooling = std::get_if<wire::CoolingEntry>(&entry)) {
    context.leases.rest(cooling->address, no_later_than(now, cooling->since));
  } else if (const auto* request = std::get_if<wire::RequestEntry>(&entry)) {
    if (context.blocks.by_request(request->request).empty()) blocks.restore_pending(*request);
  } else if (const auto* kept = std::get_if<wire::KeptEntry>(&entry)) {
    return replay_kept(kept->envelope);
  } else if (const auto* takeover_of = std::get_if<wire::TakeoverEntry>(&entry)) {
    takeover.restore(takeover_of->seat, takeover_of->term);
  } else if (const auto* returning = std::get_if<wire::ReturningEntry>(&entry)) {
    blocks.restore_returning(returning->prefix);
  } else if (const auto* home = std::get_if<wire::HomeEntry>(&entry)) {
    context.home[home->prefix.family()] = home->prefix;
  } else if (const auto* index = std::get_if<wire::PeerIndexEntry>(&entry)) {
    context.peer_index[index->node] = index->index;
  } else if (const auto* vote = std::get_if<wire::VoteEntry>(&entry)) {
    decrees.restore(vote->vote);
  } else if (const auto* over = std::get_if<wire::RecoveryOverEntry>(&entry)) {
    grants.restore_released(over->generation);
  } else if (const auto* founding = std::get_if<wire::FoundingEntry>(&entry)) {
    cluster.restore(*founding);
  } else if (const auto* told = std::get_if<wire::DepartureEntry>(&entry)) {
    departure.restore(*told);
  } else if (const auto* hosts = std::get_if<wire::TargetsEntry>(&entry)) {
    targets.restore(*hosts);
  } else if (std::holds_alternative<wire::BackupEntry>(entry)) {
    return fail(Errc::corrupt, "it is a backup: put it back with 'overlayctl restore'");
  } else {
    replay_registration(entry);
  }
  return {};
}

void Node::Impl::replay_registration(const wire::LogEntry& entry) {
  if (const auto* pulse = std::get_if<wire::PulseEntry>(&entry)) {
    registration.restore(*pulse);
  } else if (const auto* registered = std::get_if<wire::RegisteredEntry>(&entry)) {
    registration.restore(*registered);
  } else if (const auto* lapsed = std::get_if<wire::LapsedEntry>(&entry)) {
    registration.restore(*lapsed);
  } else if (const auto* binding = std::get_if<wire::BindingEntry>(&entry)) {
    registration.restore(*binding);
  } else if (const auto* disowned = std::get_if<wire::DisownedEntry>(&entry)) {
    registration.restore(*disowned);
  } else if (std::holds_alternative<wire::RestoredEntry>(entry)) {
    registration.restore_from_backup();
  } else if (const auto* of_a_node = std::get_if<wire::RegistrationEntry>(&entry)) {
    registry.restore(*of_a_node);
  } else if (const auto* register_of = std::get_if<wire::RegistryEntry>(&entry)) {
    registry.restore(*register_of);
  }
}

Status Node::Impl::replay_record(const Bytes& envelope, std::vector<wire::Record>& records) {
  auto record = wire::open(envelope, context.chain ? context.chain->cluster() : ClusterId{});
  if (!record) return fail(Errc::corrupt, record.error().text);
  if (const auto* genesis = std::get_if<consensus::Genesis>(&record->body)) {
    OVERLAY_CHECK(agree_with_genesis(context.config, *genesis));
    context.chain.emplace(*genesis, wire::cluster_of(*record));
  } else if (!context.chain) {
    return fail(Errc::corrupt, "a record before any genesis");
  }
  if (const auto* decree = std::get_if<wire::DecreeRecord>(&record->body)) {
    OVERLAY_CHECK(decrees.restore(*decree));
  }
  if (const auto* block = std::get_if<ipam::BlockRecord>(&record->body)) {
    context.blocks.merge(*block);
    blocks.settle_pending(*block);
    quorum.know(*block);
  }
  if (std::holds_alternative<wire::ForkRecord>(record->body)) forks.restore(*record);
  records.push_back(std::move(*record));
  return {};
}

Status Node::Impl::replay_kept(const Bytes& envelope) {
  if (!context.chain) return fail(Errc::corrupt, "a kept record before any genesis");
  auto record = wire::open(envelope, context.chain->cluster());
  if (!record || !std::holds_alternative<ipam::BlockRecord>(record->body)) {
    return fail(Errc::corrupt, record ? "a kept record of no block" : record.error().text);
  }
  quorum.restore(std::move(*record));
  return {};
}

/// False for what later records displaced.
bool Node::Impl::is_in_force(const wire::Record& record) const {
  if (const auto* block = std::get_if<ipam::BlockRecord>(&record.body)) {
    return context.blocks.find(block->prefix) != nullptr;
  }
  const auto* decree = std::get_if<wire::DecreeRecord>(&record.body);
  return decree == nullptr || context.chain->has(decree->decree.index);
}

void Node::Impl::make_mesh(std::vector<wire::Record> records, Time now) {
  mesh::Self self;
  self.identity = context.identity;
  self.id = context.id;
  self.name = context.config.name;
  self.version = context.config.version;
  self.incarnation = context.incarnation;
  const auto& given = context.config.given;
  if (context.chain) {
    self.cluster = context.chain->cluster();
    self.pools = context.chain->genesis().pools;
  } else if (std::find(given.begin(), given.end(), "pool") != given.end()) {
    self.pools = context.config.genesis.pools;
    std::sort(self.pools.begin(), self.pools.end());
  }
  context.mesh = std::make_unique<mesh::Mesh>(
      std::move(self), targets.all(), context.rng, context.mesh_out,
      [this](const wire::Record& record) { return judge(record); }, context.config.opener);
  for (wire::Record& record : records) {
    if (is_in_force(record)) context.mesh->restore(std::move(record));
  }
  if (!context.chain) return;
  for (const auto& [node, removal] : context.chain->all_removed()) context.mesh->expel(node, now);
  context.look_for_owners();
  // A log that has lost its end may have a peer's record and not its number.
  context.mesh->records().each(wire::RecordKind::node, [this](const wire::Record& record) {
    if (const NodeId node = wire::node_of(record.key); node != context.id) number_peer(node);
  });
}

/// In the order in which they can be replayed.
std::vector<const wire::Record*> Node::Impl::known_records() const {
  std::vector<const wire::Record*> out;
  const mesh::RecordStore& records = context.mesh->records();
  if (context.chain) {
    out.push_back(records.find(wire::decree_key(0)));
    for (const consensus::Decree& decree : context.chain->decrees())
      out.push_back(records.find(wire::decree_key(decree.index)));
  }
  for (const auto kind : {wire::RecordKind::node, wire::RecordKind::block, wire::RecordKind::fork})
    records.each(kind, [&](const wire::Record& record) { out.push_back(&record); });
  return out;
}

std::vector<Bytes> Node::Impl::snapshot() const {
  std::vector<Bytes> out;
  const auto add = [&](const wire::LogEntry& entry) { out.push_back(wire::encode_entry(entry)); };
  add(wire::IncarnationEntry{context.mesh->self().incarnation});
  if (!context.chain && !cluster.signed_proposal().empty())
    add(wire::FoundingEntry{cluster.signed_proposal()});
  for (const wire::Record* record : known_records()) add(wire::RecordEntry{record->envelope});
  for (const auto& [node, index] : context.peer_index) add(wire::PeerIndexEntry{node, index});
  if (decrees.vote().index != 0) add(wire::VoteEntry{decrees.vote()});
  for (const auto& [family, pending] : blocks.pending()) {
    for (const auto& [voter, request] : pending.said_to) add(wire::RequestEntry{request, family, voter});
  }
  for (const auto& [prefix, record] : quorum.kept()) add(wire::KeptEntry{record.envelope});
  if (grants.released() != 0) add(wire::RecoveryOverEntry{grants.released()});
  for (const auto& [seat, term] : takeover.done()) add(wire::TakeoverEntry{seat, term});
  for (const Prefix& prefix : context.returning) add(wire::ReturningEntry{prefix});
  for (const auto& [family, prefix] : context.home) add(wire::HomeEntry{prefix});
  for (const auto& [address, since] : context.leases.resting()) add(wire::CoolingEntry{address, since});
  for (const ipam::Lease& lease : context.leases.all()) add(wire::LeaseEntry{lease});
  if (context.departure != wire::DepartureEntry{}) add(context.departure);
  if (context.targets != wire::TargetsEntry{}) add(context.targets);
  for (const wire::LogEntry& entry : registration.entries()) add(entry);
  for (const auto& [node, life] : registry.lives()) add(wire::RegistrationEntry{node, life});
  if (registry.known_since() != 0) add(wire::RegistryEntry{registry.known_since()});
  return out;
}

std::vector<Bytes> Node::Impl::heirloom() const {
  std::vector<Bytes> out;
  const auto add = [&](const wire::LogEntry& entry) { out.push_back(wire::encode_entry(entry)); };
  add(wire::DisownedEntry{context.id});
  for (const wire::Record* record : known_records()) {
    if (record->key != wire::node_key(context.id)) add(wire::RecordEntry{record->envelope});
  }
  for (const auto& [node, index] : context.peer_index) add(wire::PeerIndexEntry{node, index});
  if (context.departure.drained) add(wire::DepartureEntry{.drained = true});
  if (context.targets != wire::TargetsEntry{}) add(context.targets);
  return out;
}

}  // namespace overlay::node
