// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/gossip.h"

#include <algorithm>
#include <tuple>

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t rate = 208'000;  // bytes a second; with burst and frame under 256 kB in any second
constexpr std::int64_t burst = 24'000;
constexpr std::size_t frame_target = 16 * 1024;  // bytes of records in a frame
constexpr std::size_t records_per_frame = 512;
constexpr std::size_t entries_per_frame = 1024;
constexpr std::size_t unsent_limit = 64 * 1024;  // bytes a neighbour may lag before it is left to catch up
constexpr Duration flush_delay = 10ms;           // gathers what arrives together into one frame
constexpr Duration flush_spacing = 50ms;         // the same where news does not cease
constexpr Duration announce_delay = 200ms;       // so that most has come by the tree before
constexpr Duration graft_delay = 200ms;      // news that was announced is given this long to come by the tree
constexpr Duration graft_again = 500ms;      // and whoever was asked this long to answer
constexpr std::size_t max_missing = 65'536;  // more is left to the next comparison
constexpr std::size_t max_announcers = 4;
constexpr std::size_t max_log = 65'536;  // likewise

int rank(const wire::RecordKey& key) {
  switch (wire::kind_of(key)) {
    case wire::RecordKind::decree:
      return 0;
    case wire::RecordKind::block:
    case wire::RecordKind::fork:
      return 1;
    case wire::RecordKind::node:
      return 2;
    case wire::RecordKind::links:
      break;
  }
  return 3;
}

}  // namespace

bool Gossip::Urgency::operator()(const wire::RecordKey& a, const wire::RecordKey& b) const {
  const int ranks[] = {rank(a), rank(b)};
  return std::tie(ranks[0], a) < std::tie(ranks[1], b);
}

Gossip::Gossip(Sessions& sessions, const RecordStore& records)
    : sessions_(sessions), records_(records), budget_(rate, burst) {}

void Gossip::start(SessionId session) {
  const auto [neighbour, added] = neighbours_.try_emplace(session);
  if (added) neighbour->second.announced = log_end();
}

void Gossip::stop(SessionId session) {
  neighbours_.erase(session);
  for (auto& [hash, missing] : missing_) std::erase(missing.announcers, session);
}

// ---- what is owed ----

void Gossip::spread(const wire::RecordKey& key, SessionId from, Time now) {
  const wire::KeyHash hash = wire::hash_of(key);
  const auto missing = missing_.find(hash);
  if (missing != missing_.end() && has(records_, missing->second.entry)) forget(missing);
  const wire::Record* record = records_.find(key);
  if (record == nullptr) return;
  log_.push_back({hash, record->content});
  for (auto& [session, neighbour] : neighbours_) {
    if (session != from && !neighbour.eager) {
      neighbour.announce_due = std::min(neighbour.announce_due, now + announce_delay);
      continue;
    }
    if (session != from) owe(session, key, now);
    if (neighbour.announced + 1 == log_end()) {
      ++neighbour.announced;
    } else {
      neighbour.told.push_back(record->content);
    }
  }
}

void Gossip::owe(SessionId session, const wire::RecordKey& key, Time now) {
  const auto found = neighbours_.find(session);
  if (found == neighbours_.end()) return;
  Neighbour& neighbour = found->second;
  neighbour.news.insert(key);
  const Time soon = std::max(now + flush_delay, neighbour.flushed + flush_spacing);
  neighbour.flush_due = std::min(neighbour.flush_due, soon);
}

void Gossip::knows(SessionId session, const wire::RecordKey& key) {
  const auto found = neighbours_.find(session);
  if (found == neighbours_.end()) return;
  found->second.news.erase(key);
  found->second.repairs.erase(key);
}

void Gossip::repair(SessionId session, const wire::RecordKey& key, Time now) {
  const auto found = neighbours_.find(session);
  if (found == neighbours_.end()) return;
  found->second.repairs.insert(key);
  found->second.flush_due = std::min(found->second.flush_due, now);
}

void Gossip::finish_repair(SessionId session, Time now) {
  const auto found = neighbours_.find(session);
  if (found == neighbours_.end()) return;
  found->second.finishing = true;
  found->second.flush_due = std::min(found->second.flush_due, now);
}

void Gossip::list(SessionId session, std::vector<std::uint8_t> buckets, Time now) {
  const auto found = neighbours_.find(session);
  if (found == neighbours_.end()) return;
  found->second.to_list.assign(buckets.begin(), buckets.end());
  if (buckets.empty()) sessions_.send(session, wire::DigestEntries{});
  found->second.flush_due = std::min(found->second.flush_due, now);
}

// ---- sending ----

bool Gossip::may_send(SessionId id, Time now) {
  budget_.spend(sessions_.sent_bytes() - counted_);
  counted_ = sessions_.sent_bytes();
  const Session* session = sessions_.find(id);
  return session != nullptr && session->unsent < unsent_limit && budget_.allows(now);
}

void Gossip::flush(SessionId id, Neighbour& neighbour, Time now) {
  neighbour.flush_due = Time::max();
  neighbour.flushed = now;
  while (may_send(id, now)) {
    if (send_some(id, neighbour.news, false)) continue;
    if (neighbour.announce_due <= now) {
      announce(id, neighbour);
    } else if (!neighbour.to_list.empty()) {
      send_list(id, neighbour);
    } else if (!send_some(id, neighbour.repairs, true)) {
      break;
    }
  }
  const bool rest = !neighbour.news.empty() || !neighbour.to_list.empty() || !neighbour.repairs.empty();
  if (neighbour.finishing && !rest) {
    neighbour.finishing = false;
    sessions_.send(id, wire::Compared{});
  }
  // Without room written() comes; without budget only time helps.
  const Time ready = budget_.ready_at(now);
  if (rest && ready > now) neighbour.flush_due = ready;
  if (neighbour.announce_due <= now) neighbour.announce_due = std::max(ready, now + flush_delay);
}

/// One frame of the most urgent. False when there was nothing to send.
bool Gossip::send_some(SessionId id, Keys& keys, bool repair) {
  wire::Records frame;
  frame.repair = repair;
  std::size_t bytes = 0;
  while (!keys.empty() && bytes < frame_target && frame.envelopes.size() < records_per_frame) {
    const wire::Record* record = records_.find(*keys.begin());
    keys.erase(keys.begin());
    if (record == nullptr) continue;
    bytes += record->envelope.size();
    frame.envelopes.push_back(record->envelope);
  }
  if (frame.envelopes.empty()) return false;
  sessions_.send(id, frame);
  return true;
}

/// Whole buckets, so that the hearer sees what is not among them.
void Gossip::send_list(SessionId id, Neighbour& neighbour) {
  wire::DigestEntries frame;
  while (!neighbour.to_list.empty() && frame.entries.size() < entries_per_frame) {
    const std::uint8_t index = neighbour.to_list.front();
    neighbour.to_list.pop_front();
    frame.buckets.push_back(index);
    for (const RecordStore::Slot& slot : records_.bucket(index)) {
      frame.entries.push_back(entry_of(*slot.record));
    }
  }
  frame.more = !neighbour.to_list.empty();
  sessions_.send(id, frame);
}

void Gossip::announce(SessionId id, Neighbour& neighbour) {
  wire::Announce frame;
  auto& told = neighbour.told;
  std::sort(told.begin(), told.end());
  for (; neighbour.announced < log_end() && frame.entries.size() < entries_per_frame; ++neighbour.announced) {
    const Entry& entry = log_[neighbour.announced - log_begin_];
    if (std::binary_search(told.begin(), told.end(), entry.content)) continue;
    for (const RecordStore::Slot& slot : records_.named(entry.key)) {
      // Of what is outdated by now a later entry tells.
      if (slot.record->content == entry.content) frame.entries.push_back(entry_of(*slot.record));
    }
  }
  if (!frame.entries.empty()) sessions_.send(id, frame);
  if (neighbour.announced < log_end()) return;
  told.clear();
  neighbour.announce_due = Time::max();
}

/// What is settled with all neighbours goes; one that lags too far behind is left to the next comparison.
void Gossip::trim_log() {
  std::uint64_t settled = log_end();
  for (const auto& [session, neighbour] : neighbours_) settled = std::min(settled, neighbour.announced);
  if (log_end() - settled > max_log) settled = log_end() - max_log;
  for (; log_begin_ < settled; ++log_begin_) log_.pop_front();
  for (auto& [session, neighbour] : neighbours_) {
    neighbour.announced = std::max(neighbour.announced, settled);
  }
}

void Gossip::written(SessionId session, Time now) {
  const auto found = neighbours_.find(session);
  if (found == neighbours_.end()) return;
  Neighbour& neighbour = found->second;
  if (neighbour.news.empty() && neighbour.repairs.empty() && neighbour.to_list.empty()) return;
  neighbour.flush_due = std::min(neighbour.flush_due, now);
}

// ---- the tree ----

void Gossip::heard(SessionId session, std::size_t fresh, std::size_t known) {
  const auto found = neighbours_.find(session);
  if (found == neighbours_.end()) return;
  Neighbour& neighbour = found->second;
  if (known > fresh && !neighbour.pruned) {
    neighbour.eager = false;
    neighbour.pruned = true;
    sessions_.send(session, wire::Prune{});
  } else if (fresh > 0 && !neighbour.pruned) {
    neighbour.eager = true;
  }
}

void Gossip::hear_prune(SessionId session) {
  const auto found = neighbours_.find(session);
  if (found != neighbours_.end()) found->second.eager = false;
}

void Gossip::hear(SessionId session, const wire::Want& want, Time now) {
  const auto found = neighbours_.find(session);
  if (found == neighbours_.end()) return;
  if (want.graft) found->second.eager = true;
  for (const wire::KeyHash hash : want.keys) {
    for (const RecordStore::Slot& slot : records_.named(hash)) {
      if (want.graft) {
        owe(session, slot.record->key, now);
      } else {
        repair(session, slot.record->key, now);
      }
    }
  }
}

bool Gossip::has(const RecordStore& records, const wire::DigestEntry& entry) {
  const auto named = records.named(entry.key);
  return std::any_of(named.begin(), named.end(), [&](const RecordStore::Slot& slot) {
    return slot.record->version > entry.version || slot.record->content == entry.content;
  });
}

void Gossip::hear(SessionId session, const wire::Announce& announced, Time now) {
  const auto found = neighbours_.find(session);
  if (found == neighbours_.end()) return;
  for (const wire::DigestEntry& entry : announced.entries) {
    for (const RecordStore::Slot& slot : records_.named(entry.key)) {
      if (slot.record->content != entry.content) continue;
      knows(session, slot.record->key);
      if (found->second.announced < log_end()) found->second.told.push_back(entry.content);
    }
    if (!has(records_, entry)) wait_for(session, entry, now);
  }
}

void Gossip::wait_for(SessionId session, const wire::DigestEntry& entry, Time now) {
  if (missing_.size() >= max_missing && !missing_.contains(entry.key)) return;
  const auto [at, added] = missing_.try_emplace(entry.key);
  Missing& missing = at->second;
  if (added) {
    missing.due = now + graft_delay;
    missing_due_.emplace(missing.due, entry.key);
  }
  if (added || missing.entry.version < entry.version) missing.entry = entry;
  const bool listed =
      std::find(missing.announcers.begin(), missing.announcers.end(), session) != missing.announcers.end();
  if (!listed && missing.announcers.size() < max_announcers) missing.announcers.push_back(session);
}

void Gossip::forget(std::map<wire::KeyHash, Missing>::iterator missing) {
  missing_due_.erase({missing->second.due, missing->first});
  missing_.erase(missing);
}

/// Asks one announcer of each for what has not come, and makes its edge one of the tree.
void Gossip::graft(Time now) {
  std::map<SessionId, wire::Want> wants;
  while (!missing_due_.empty() && missing_due_.begin()->first <= now) {
    const auto at = missing_.find(missing_due_.begin()->second);
    Missing& missing = at->second;
    if (missing.announcers.empty() || has(records_, missing.entry)) {
      forget(at);
      continue;
    }
    wants[missing.announcers.front()].keys.push_back(at->first);
    missing.announcers.erase(missing.announcers.begin());
    missing_due_.erase(missing_due_.begin());
    missing.due = now + graft_again;
    missing_due_.emplace(missing.due, at->first);
  }
  for (auto& [session, want] : wants) {
    const auto found = neighbours_.find(session);
    if (found == neighbours_.end()) continue;
    found->second.eager = true;
    found->second.pruned = false;
    want.graft = true;
    sessions_.send(session, want);
  }
}

// ---- time ----

/// Each neighbour in its turn, so that none is left out when the budget is short.
void Gossip::tick(Time now) {
  graft(now);
  std::vector<SessionId> due;
  for (const auto& [session, neighbour] : neighbours_) {
    if (std::min(neighbour.flush_due, neighbour.announce_due) <= now) due.push_back(session);
  }
  const auto first = std::upper_bound(due.begin(), due.end(), last_served_);
  std::rotate(due.begin(), first, due.end());
  for (const SessionId session : due) {
    last_served_ = session;
    flush(session, neighbours_.at(session), now);
  }
  trim_log();
}

Time Gossip::next_deadline() const {
  Time next = missing_due_.empty() ? Time::max() : missing_due_.begin()->first;
  for (const auto& [session, neighbour] : neighbours_) {
    next = std::min({next, neighbour.flush_due, neighbour.announce_due});
  }
  return next;
}

}  // namespace overlay::mesh
