// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/gossip.h"

#include <algorithm>

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

constexpr Duration flush_delay = 20ms;         // gathers what arrives together into one frame
constexpr Duration compare_interval = 10s;     // anti-entropy with one neighbour
constexpr Duration catch_up_interval = 100ms;  // the same after the first exchange, until nothing is lacking
constexpr std::size_t frame_target = 64 * 1024;   // bytes of records in a frame
constexpr std::size_t unsent_limit = 128 * 1024;  // bytes a neighbour may lag before it is left to catch up
constexpr std::size_t entries_per_frame = 2048;

}  // namespace

void Gossip::start(SessionId session, Time now) {
  owed_.try_emplace(session);
  sessions_.send(session, wire::Digest256{records_.digest()});
  if (compare_due_ == Time::max()) compare_due_ = now + compare_interval;
}

void Gossip::spread(const wire::RecordKey& key, SessionId from, Time now) {
  for (const auto& [session, owed] : owed_) {
    if (session != from) owe(session, key, now);
  }
}

void Gossip::owe(SessionId session, const wire::RecordKey& key, Time now) {
  const auto found = owed_.find(session);
  if (found == owed_.end()) return;
  found->second.keys.insert(key);
  found->second.flush_due = std::min(found->second.flush_due, now + flush_delay);
}

void Gossip::flush(SessionId id, Owed& owed) {
  owed.flush_due = Time::max();
  const Session* session = sessions_.find(id);
  while (session != nullptr && !owed.keys.empty() && session->unsent < unsent_limit) {
    wire::Records frame;
    std::size_t bytes = 0;
    while (!owed.keys.empty() && bytes < frame_target && frame.envelopes.size() < 512) {
      const wire::Record* record = records_.find(*owed.keys.begin());
      owed.keys.erase(owed.keys.begin());
      if (record == nullptr) continue;
      bytes += record->envelope.size();
      frame.envelopes.push_back(record->envelope);
    }
    if (!frame.envelopes.empty()) sessions_.send(id, frame);
  }
}

void Gossip::written(SessionId session, Time now) {
  const auto found = owed_.find(session);
  if (found == owed_.end() || found->second.keys.empty()) return;
  found->second.flush_due = std::min(found->second.flush_due, now + flush_delay);
}

void Gossip::hear(SessionId session, const wire::Digest256& digest) {
  const auto mine = records_.digest();
  wire::DigestEntries answer;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    if (mine[i] == digest.buckets[i]) continue;
    const auto index = static_cast<std::uint8_t>(i);
    answer.buckets.push_back(index);
    for (const auto& [key, record] : records_.bucket(index)) {
      answer.entries.push_back({key, record.version, record.content});
    }
    if (answer.entries.size() < entries_per_frame) continue;
    answer.more = true;
    sessions_.send(session, answer);
    answer = {};
  }
  sessions_.send(session, answer);
}

void Gossip::hear(SessionId session, const wire::DigestEntries& theirs, Time now) {
  std::map<wire::RecordKey, wire::DigestEntry> listed;
  for (const wire::DigestEntry& entry : theirs.entries) listed.emplace(entry.key, entry);
  wire::Want want;
  for (const auto& [key, entry] : listed) {
    const wire::Record* mine = records_.find(key);
    if (mine == nullptr || mine->version < entry.version) {
      want.keys.push_back(key);
    } else if (mine->content != entry.content) {
      owe(session, key, now);
      if (mine->version == entry.version) want.keys.push_back(key);
    }
  }
  for (const std::uint8_t bucket : theirs.buckets) {
    for (const auto& [key, record] : records_.bucket(bucket)) {
      if (!listed.contains(key)) owe(session, key, now);
    }
  }
  if (!want.keys.empty()) sessions_.send(session, want);
  note_progress(session, !want.keys.empty(), theirs.more, now);
}

/// Caught up is known by an answer that named nothing new; what was asked for is looked for again a little
/// later.
void Gossip::note_progress(SessionId session, bool lacking, bool more, Time now) {
  const auto found = owed_.find(session);
  if (caught_up_ || found == owed_.end()) return;
  Owed& owed = found->second;
  owed.lacking = owed.lacking || lacking;
  if (more) return;
  if (owed.lacking) {
    owed.compare_due = now + catch_up_interval;
  } else {
    caught_up_ = true;
  }
  owed.lacking = false;
}

void Gossip::hear(SessionId session, const wire::Want& want, Time now) {
  for (const wire::RecordKey& key : want.keys) owe(session, key, now);
}

void Gossip::compare_with_somebody(Time now) {
  compare_due_ = now + rng_.between(compare_interval * 4 / 5, compare_interval * 6 / 5);
  if (owed_.empty()) return;
  auto chosen = owed_.begin();
  std::advance(chosen, rng_.below(owed_.size()));
  sessions_.send(chosen->first, wire::Digest256{records_.digest()});
}

void Gossip::tick(Time now) {
  for (auto& [session, owed] : owed_) {
    if (owed.flush_due <= now) flush(session, owed);
    if (owed.compare_due > now) continue;
    owed.compare_due = Time::max();
    if (!caught_up_) sessions_.send(session, wire::Digest256{records_.digest()});
  }
  if (compare_due_ <= now) compare_with_somebody(now);
}

Time Gossip::next_deadline() const {
  Time next = compare_due_;
  for (const auto& [session, owed] : owed_) next = std::min({next, owed.flush_due, owed.compare_due});
  return next;
}

}  // namespace overlay::mesh
