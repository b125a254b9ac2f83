// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/invariants.h"

#include <algorithm>

#include "overlay/ipam/leases.h"
#include "overlay/ipam/seats.h"
#include "overlay/wire/log_entry.h"

namespace overlay::sim {
namespace {

using ipam::BlockRecord;
using ipam::BlockState;

std::string text(const BlockRecord& record) {
  return record.prefix.text() + " epoch " + std::to_string(record.epoch.term) + "." +
         std::to_string(record.epoch.seq) + " seat " + std::to_string(record.seat) + " owner " +
         record.owner.short_hex();
}

ipam::BlockMap merged(const ipam::BlockMap::Records& records) {
  ipam::BlockMap map;
  for (const auto& [prefix, record] : records) map.merge(record);
  return map;
}

/// True when `map` holds the record, or something of a higher epoch for each of its addresses.
bool holds(ipam::BlockMap& map, const BlockRecord& record) {
  const auto result = map.merge(record);
  return result == ipam::Merge::known || result == ipam::Merge::stale;
}

}  // namespace

ipam::BlockMap::Records records_of(const node::View& view) {
  ipam::BlockMap::Records records;
  for (const auto& block : view.blocks) records.emplace(block.record.prefix, block.record);
  return records;
}

void Invariants::broken(HostIndex host, const std::string& rule, const std::string& text) {
  verdict_.fail(rule + ": " + host_name(host) + ": " + text);
}

void Invariants::observe(HostIndex host, const node::View& view) {
  identity(host, view);
  auto* cluster = cluster_of(host, view);
  if (cluster == nullptr) return;
  decrees(host, view, *cluster);
  registration(host, view, *cluster);
  records(host, view, *cluster);
  claims(host, view, *cluster);
  leases(host, view);
  unforked(host, view);
}

/// An id is for ever: it is the hash of a key on disk.
void Invariants::identity(HostIndex host, const node::View& view) {
  count("one identity");
  auto& known = hosts_[host];
  if (known.id.is_zero()) known.id = view.id;
  if (known.id != view.id)
    broken(host, "one identity", known.id.short_hex() + " became " + view.id.short_hex());
}

/// I9: a node never leaves its cluster, and all members have the same genesis.
Invariants::Cluster* Invariants::cluster_of(HostIndex host, const node::View& view) {
  count("one genesis");
  auto& known = hosts_[host];
  if (!view.cluster || !view.genesis) {
    const bool forgot = known.cluster && !fallen_back_.contains(known.id);
    if (forgot) broken(host, "one genesis", "it has forgotten cluster " + known.cluster->short_hex());
    return nullptr;
  }
  return &member_of(host, *view.cluster, *view.genesis);
}

Invariants::Cluster& Invariants::member_of(HostIndex host, const ClusterId& id,
                                           const consensus::Genesis& genesis) {
  auto& known = hosts_[host];
  if (!known.cluster) known.cluster = id;
  if (known.cluster != id) {
    broken(host, "one genesis", "cluster " + known.cluster->short_hex() + " became " + id.short_hex());
  }
  auto [at, is_new] = clusters_.try_emplace(id);
  if (is_new) at->second.genesis = genesis;
  if (is_new) at->second.pools = genesis.pools;
  if (at->second.genesis != genesis) broken(host, "one genesis", "two contents for one cluster id");
  return at->second;
}

/// What it owned and what its containers have is nobody's any more: it may be alive and cut off, but whoever
/// knows the decree sends nothing there.
void Invariants::removed(const NodeId& node, Cluster& cluster) {
  if (!cluster.removed.insert(node).second) return;
  const auto is_its = [&](HostIndex host) { return hosts_[host].id == node; };
  std::erase_if(cluster.claims, [&](const auto& entry) { return is_its(entry.second); });
  std::erase_if(cluster.live, [&](const auto& entry) { return is_its(entry.second.first); });
}

/// One decree an index for all, and no node ever knows fewer than it did.
void Invariants::decrees(HostIndex host, const node::View& view, Cluster& cluster) {
  count("one decree an index");
  for (const auto& decree : view.decrees) {
    const auto [at, is_new] = cluster.decrees.try_emplace(decree.index, decree);
    const auto& added = decree.change.pools;
    if (is_new) cluster.pools.insert(cluster.pools.end(), added.begin(), added.end());
    if (at->second != decree) {
      broken(host, "one decree an index", "two values of decree " + std::to_string(decree.index));
    }
    for (const auto& node : decree.change.removed) removed(node.node, cluster);
  }
  const std::uint64_t term = view.decrees.empty() ? 0 : view.decrees.back().index;
  if (term < hosts_[host].term) {
    broken(host, "one decree an index", "it has forgotten decree " + std::to_string(hosts_[host].term));
  }
  hosts_[host].term = term;
}

void Invariants::records(HostIndex host, const node::View& view, Cluster& cluster) {
  auto now = records_of(view);
  const auto& before = hosts_[host].known;
  for (const auto& [prefix, record] : now) {
    const auto old = before.find(prefix);
    if (old == before.end() || old->second != record) learn(host, record, cluster);
  }
  monotone(host, now);
  hosts_[host].known = std::move(now);
}

void Invariants::learn(HostIndex host, const BlockRecord& record, Cluster& cluster) {
  // I1: one epoch of one prefix has one content, and no two records of one epoch overlap.
  count("single content");
  const Version version{record.prefix, record.epoch};
  const auto [at, is_new] = cluster.records.try_emplace(version, record);
  if (at->second != record) broken(host, "single content", text(record) + " and " + text(at->second));
  if (is_new) {
    std::vector<BlockRecord> others;
    if (cluster.truth.merge(record, &others) == ipam::Merge::fork) {
      broken(host, "single content", text(record) + " and " + text(others.front()));
    }
  }
  if (is_new) acknowledged(host, record, cluster);
  auto& witnesses = cluster.seen_by[version];
  if (witnesses.size() < 2) witnesses.insert(host);

  // Each record is of the seat whose space it is in.
  for (const auto& pool : cluster.pools) {
    if (!pool.contains(record.prefix)) continue;
    const ipam::Space space{pool, cluster.genesis.block_length(pool.family()), cluster.genesis.seats};
    if (ipam::seat_of(space, record.prefix) != record.seat) broken(host, "own seat", text(record));
  }

  // A seat's sequence goes up with each change.
  const auto number = std::pair(record.seat, record.epoch);
  if (cluster.sequence.try_emplace(number, record.request).first->second != record.request) {
    broken(host, "one sequence", text(record) + " has the number of another change");
  }

  // I12: a request is answered with one block of each family.
  if (record.request.is_zero()) return;
  count("idempotent requests");
  const auto [granted, first] =
      cluster.granted.try_emplace({record.request, record.prefix.family()}, record.prefix);
  if (granted->second != record.prefix) {
    broken(host, "idempotent requests",
           "request " + record.request.short_hex() + " got " + granted->second.text() + " and " +
               record.prefix.text());
  }
}

void Invariants::durable(HostIndex host, const NodeId& node, const Bytes& entry) {
  const auto decoded = wire::decode_entry(entry);
  if (!decoded) return verdict_.fail("durable before visible: a node wrote " + decoded.error().text);
  if (const auto* life = std::get_if<wire::RegistrationEntry>(&*decoded)) {
    registered_[{life->node, life->life.incarnation, life->life.nonce}].insert(node);
  }
  if (const auto* founding = std::get_if<wire::FoundingEntry>(&*decoded)) {
    const auto proposal = wire::read(founding->proposal);
    if (proposal) signed_by_[wire::cluster_of(*proposal)].insert(node);
  }
  const auto* kept = std::get_if<wire::KeptEntry>(&*decoded);
  const auto* held = std::get_if<wire::RecordEntry>(&*decoded);
  if (kept == nullptr && held == nullptr) return;
  const auto record = wire::read(kept != nullptr ? kept->envelope : held->envelope);
  if (!record) return;
  if (const auto* genesis = std::get_if<consensus::Genesis>(&record->body)) {
    member_of(host, wire::cluster_of(*record), *genesis);
    founded(host, wire::cluster_of(*record));
  } else if (const auto* decree = std::get_if<wire::DecreeRecord>(&record->body)) {
    hosts_[host].decreed[decree->decree.index] = decree->decree.voters;
  } else if (const auto* block = std::get_if<BlockRecord>(&record->body)) {
    on_disk_[{block->prefix, block->epoch}].insert(node);
    if (kept != nullptr) acknowledges(host, node, *block);
  }
}

/// Together means all of them: each founder has signed, on its disk, before there is a cluster.
void Invariants::founded(HostIndex host, const ClusterId& cluster) {
  if (founders_ < 2) return;
  count("founded by all");
  const std::size_t signed_by = signed_by_[cluster].size();
  if (signed_by >= founders_) return;
  broken(host, "founded by all",
         "cluster " + cluster.short_hex() + " was signed by " + std::to_string(signed_by) + " of " +
             std::to_string(founders_) + " founders");
}

/// Whoever takes a seat over asks what was acknowledged there; what is under an older decree than a voter
/// knows, and not of a seat that it now holds itself, it can only have acknowledged after it was asked.
void Invariants::acknowledges(HostIndex host, const NodeId& node, const BlockRecord& block) {
  const auto& decreed = hosts_[host].decreed;
  if (decreed.empty() || block.epoch.term >= decreed.rbegin()->first) return;
  count("acknowledged under the newest decree");
  const auto& voters = decreed.rbegin()->second;
  const bool takes_over =
      !voters.empty() && hash_id<NodeId>(voters[block.seat % voters.size()].view()) == node;
  if (takes_over) return;
  broken(host, "acknowledged under the newest decree",
         text(block) + ", though it knows decree " + std::to_string(decreed.rbegin()->first));
}

/// Nobody's disk fell back, so nobody can have signed two records of one epoch.
void Invariants::unforked(HostIndex host, const node::View& view) {
  if (!fallen_back_.empty()) return;
  count("no fork");
  for (const auto& alarm : view.alarms) {
    if (alarm.name.starts_with("fork-")) broken(host, "no fork", alarm.text);
  }
}

/// I6: nobody counts on a change of ownership before a majority of the voters has it on disk. Later decrees
/// may appoint others than those of genesis; their records are not looked at.
void Invariants::acknowledged(HostIndex host, const BlockRecord& record, const Cluster& cluster) {
  if (record.epoch.term != 0) return;
  count("acknowledged before used");
  const auto& voters = cluster.genesis.voters;
  const auto& holders = on_disk_[{record.prefix, record.epoch}];
  const auto having = std::count_if(voters.begin(), voters.end(), [&](const PublicKey& voter) {
    return holders.contains(hash_id<NodeId>(voter.view()));
  });
  if (2 * static_cast<std::size_t>(having) > voters.size()) return;
  broken(host, "acknowledged before used",
         text(record) + " is on the disks of " + std::to_string(having) + " of " +
             std::to_string(voters.size()) + " voters");
}

/// I5: what a node knows of an address never goes back to an older epoch.
void Invariants::monotone(HostIndex host, const ipam::BlockMap::Records& now) {
  count("monotone epochs");
  std::optional<ipam::BlockMap> map;
  for (const auto& [prefix, record] : hosts_[host].known) {
    const auto at = now.find(prefix);
    if (at != now.end() && (at->second == record || at->second.epoch > record.epoch)) continue;
    if (!map) map = merged(now);
    if (!holds(*map, record)) broken(host, "monotone epochs", "it has forgotten " + text(record));
  }
}

void Invariants::disk_replaced(HostIndex host, const NodeId& node, bool pods_go_on) {
  auto& known = hosts_[host];
  fallen_back_.insert(node);
  if (pods_go_on) {
    known.known.clear();
    known.decreed.clear();
    known.term = 0;
    return;
  }
  identity_replaced(host);
}

void Invariants::identity_replaced(HostIndex host) {
  auto& known = hosts_[host];
  if (known.cluster) drop(host, clusters_.at(*known.cluster));
  known = {};
}

/// It voted no more when it was removed, and had given back all that no pod has of it.
void Invariants::left(HostIndex host, const node::View& view, const PublicKey& key,
                      const std::vector<BlockRecord>& owed) {
  count("left with nothing");
  const auto removal = std::find_if(view.decrees.begin(), view.decrees.end(), [&](const auto& decree) {
    const auto& removed = decree.change.removed;
    return std::any_of(removed.begin(), removed.end(), [&](const auto& r) { return r.node == view.id; });
  });
  if (removal == view.decrees.end()) return broken(host, "left with nothing", "nobody has removed it");
  const auto before = std::find_if(view.decrees.begin(), removal,
                                   [&](const auto& decree) { return decree.index == removal->follows; });
  const auto& voters = before == removal ? view.genesis->voters : before->voters;
  if (std::find(voters.begin(), voters.end(), key) != voters.end()) {
    broken(host, "left with nothing", "it voted until it was removed");
  }
  for (const auto& block : view.blocks) {
    const bool kept = std::find(owed.begin(), owed.end(), block.record) != owed.end();
    if (kept && view.alarms.empty()) {
      broken(host, "left with nothing", text(block.record) + " was not given back");
    }
  }
}

/// What it owned and its containers have counts no more: it was replaced by another life of its identity, and
/// whoever knows sends nothing there.
void Invariants::drop(HostIndex host, Cluster& cluster) {
  std::erase_if(cluster.claims, [&](const auto& entry) { return entry.second == host; });
  std::erase_if(cluster.live, [&](const auto& entry) { return entry.second.first == host; });
  hosts_[host].claims.clear();
}

/// I10: a life counts when a majority of the voters has it on disk, and of each identity only the last such.
void Invariants::registration(HostIndex host, const node::View& view, Cluster& cluster) {
  Holder& holder = cluster.holders[view.id];
  if (!view.registered || view.offline) return;
  if (holder.host == host && holder.incarnation == view.incarnation && holder.instance == view.instance)
    return;
  count("one life an identity");
  const auto& with = registered_[{view.id, view.incarnation, view.instance}];
  const auto& voters = view.decrees.empty() ? cluster.genesis.voters : view.decrees.back().voters;
  const auto agreed = std::count_if(voters.begin(), voters.end(), [&](const PublicKey& voter) {
    return with.contains(hash_id<NodeId>(voter.view()));
  });
  if (2 * static_cast<std::size_t>(agreed) <= voters.size()) {
    broken(host, "one life an identity",
           "it counts itself as registered, with " + std::to_string(agreed) + " of " +
               std::to_string(voters.size()) + " voters");
  }
  if (view.incarnation < holder.incarnation) return;
  if (holder.host != host && holder.host != no_host) drop(holder.host, cluster);
  holder = {view.incarnation, view.instance, host};
}

bool Invariants::is_held_by(HostIndex host, const Cluster& cluster) const {
  const auto holder = cluster.holders.find(hosts_[host].id);
  return holder != cluster.holders.end() && holder->second.host == host;
}

/// I2: no two nodes lease from the same addresses, at any moment, whatever each of them knows.
void Invariants::claims(HostIndex host, const node::View& view, Cluster& cluster) {
  count("single owner");
  std::vector<Prefix> owned;
  for (const auto& block : view.blocks) {
    const bool own = block.record.state == BlockState::owned && block.record.owner == view.id;
    if (own && view.registered && is_held_by(host, cluster)) owned.push_back(block.record.prefix);
  }
  auto& held = hosts_[host].claims;
  if (owned == held) return;
  if (cluster.removed.contains(view.id)) {
    held = owned;
    return;
  }
  for (const auto& prefix : held) cluster.claims.erase(prefix);
  held = owned;
  for (const auto& prefix : owned) {
    auto next = cluster.claims.lower_bound(prefix);
    if (next != cluster.claims.begin() && std::prev(next)->first.overlaps(prefix)) --next;
    if (next != cluster.claims.end() && next->first.overlaps(prefix)) {
      broken(host, "single owner",
             "it owns " + prefix.text() + ", and " + host_name(next->second) + " owns " + next->first.text());
    }
    cluster.claims[prefix] = host;
  }
}

/// I7: every leased address lies in a block of this node, is not the host's own and is leased once.
void Invariants::leases(HostIndex host, const node::View& view) {
  count("leases inside own blocks");
  std::set<Ip> seen;
  std::vector<Prefix> own;
  for (const auto& block : view.blocks) {
    if (block.record.state == BlockState::owned && block.record.owner == view.id)
      own.push_back(block.record.prefix);
  }
  for (const auto& lease : view.leases) {
    for (const auto& address : lease.addresses) {
      const auto block =
          std::find_if(own.begin(), own.end(), [&](const Prefix& p) { return p.contains(address); });
      if (block == own.end()) broken(host, "leases inside own blocks", address.text() + " is in none");
      if (block != own.end() && block->address() == address) {
        broken(host, "leases inside own blocks", address.text() + " is the host's own");
      }
      if (!seen.insert(address).second) broken(host, "single address", address.text() + " is leased twice");
    }
  }
}

/// I3: no two live containers of a cluster have the same address.
void Invariants::became_live(HostIndex host, const ipam::LeaseKey& key, const std::vector<Ip>& addresses,
                             Time now) {
  count("single address");
  auto& known = hosts_[host];
  if (!known.cluster) return broken(host, "single address", "an ADD was answered before there was a cluster");
  auto& cluster = clusters_[*known.cluster];
  std::set<Family> families;
  for (const auto& pool : cluster.pools) families.insert(pool.family());
  if (addresses.size() < cluster.genesis.pools.size() || addresses.size() > families.size()) {
    broken(host, "single address",
           key.container + " has " + std::to_string(addresses.size()) + " addresses of " +
               std::to_string(families.size()) + " families");
  }
  if (!is_held_by(host, cluster)) return;  // what a copy leases that does not know it yet, nobody can prevent
  for (const auto& address : addresses) {
    const auto [at, is_new] = cluster.live.try_emplace(address, host, key);
    if (!is_new) {
      broken(host, "single address",
             key.container + " got " + address.text() + ", which " + at->second.second.container + " on " +
                 host_name(at->second.first) + " has");
    }
  }
  known.live[key] = addresses;

  if (fallen_back_.contains(known.id)) return;  // that disk has forgotten what it let go
  count("cooling");
  for (const auto& address : addresses) {
    const auto last = cluster.ended.find(address);
    if (last == cluster.ended.end() || last->second + ipam::cooling_time <= now) continue;
    broken(host, "cooling",
           key.container + " got " + address.text() + " " +
               std::to_string(overlay::seconds(now - last->second)) + " s after it was let go");
  }
}

void Invariants::ended(HostIndex host, const ipam::LeaseKey& key, Time now) {
  auto& known = hosts_[host];
  const auto at = known.live.find(key);
  if (at == known.live.end()) return;
  auto& cluster = clusters_.at(*known.cluster);
  for (const auto& address : at->second) {
    const auto live = cluster.live.find(address);
    if (live == cluster.live.end() || live->second.first != host) continue;
    cluster.live.erase(live);
    cluster.ended[address] = now;
  }
  known.live.erase(at);
}

/// I6 and I5 across a crash: what others have seen of a voter's grants, and what containers were given, was
/// durable.
void Invariants::restarted(HostIndex host, const node::View& view) {
  count("durable before visible");
  identity(host, view);
  auto& known = hosts_[host];
  if (!known.cluster) cluster_of(host, view);
  known.known.clear();  // what others wrote may be lost, it can be heard again
  std::map<ipam::LeaseKey, std::vector<Ip>> leases;
  for (const auto& lease : view.leases) leases[lease.key] = lease.addresses;
  const bool fell_back = fallen_back_.contains(known.id);
  for (const auto& [key, addresses] : known.live) {
    if (!fell_back && leases[key] != addresses) {
      broken(
          host, "durable before visible",
          "the lease of " + key.container + ", " + addresses.front().text() + ", was answered and is lost");
    }
  }
  if (!known.cluster || fell_back) return;
  if (view.cluster != known.cluster) broken(host, "durable before visible", "it has lost its cluster");
  const auto& cluster = clusters_.at(*known.cluster);
  auto map = merged(records_of(view));
  for (const auto& [version, record] : cluster.records) {
    const auto decree = cluster.decrees.find(version.second.term);
    const auto& voters = decree == cluster.decrees.end() ? cluster.genesis.voters : decree->second.voters;
    if (hash_id<NodeId>(voters[record.seat % voters.size()].view()) != known.id) continue;
    const auto& witnesses = cluster.seen_by.at(version);
    const bool visible = witnesses.size() > 1 || !witnesses.contains(host);
    if (visible && !holds(map, record)) {
      broken(host, "durable before visible", "its grant was seen by others and is lost: " + text(record));
    }
  }
}

void Invariants::ways_changed(HostIndex host, const std::string& loop) {
  count("no relay loop");
  if (!loop.empty()) broken(host, "no relay loop", "packets go to " + loop);
}

/// I18: a route is never withdrawn, nor turned to another host, while its owner still owns the block.
void Invariants::routes_lost(HostIndex host, const node::View& view, const Kernel::Routes& routes) {
  count("no route withdrawn", routes.size());
  const auto& known = hosts_[host];
  if (!known.cluster) return;
  auto& cluster = clusters_.at(*known.cluster);
  decrees(host, view, cluster);
  records(host, view, cluster);  // by which it withdrew them, before it had the time to be looked at
  for (const auto& [prefix, route] : routes) {
    const auto* record = cluster.truth.find(prefix);
    if (record == nullptr || record->owner != route.owner || record->state != BlockState::owned) continue;
    if (cluster.removed.contains(route.owner)) continue;
    broken(host, "no route withdrawn",
           "the route to " + prefix.text() + " of " + route.owner.short_hex() + " is gone");
  }
}

}  // namespace overlay::sim
