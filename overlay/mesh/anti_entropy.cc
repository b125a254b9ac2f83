// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/anti_entropy.h"

#include <algorithm>

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

constexpr Duration interval = 10s;  // between comparisons with somebody
constexpr Duration patience = 5s;   // with one that does not go on

}  // namespace

void AntiEntropy::start(SessionId session, Time now) {
  open_.insert(session);
  if (due_ == Time::max()) due_ = now + interval;
  if (sessions_.find(session)->outbound || !caught_up_) waiting_.push_back(session);
  if (!running_ && !waiting_.empty()) begin_with_somebody(now);
}

void AntiEntropy::stop(SessionId session) {
  open_.erase(session);
  lacking_.erase(session);
  std::erase(waiting_, session);
  if (running_ == session) give_up_ = Time();
}

void AntiEntropy::begin(SessionId session, Time now) {
  running_ = session;
  began_ = now;
  differs_ = false;
  give_up_ = now + patience;
  sessions_.send(session, records_.root());
}

/// Those that are new first; until it has caught up anybody, at once.
void AntiEntropy::begin_with_somebody(Time now) {
  if (!waiting_.empty()) {
    const SessionId next = waiting_.front();
    waiting_.pop_front();
    return begin(next, now);
  }
  if (open_.empty()) return;
  auto chosen = open_.begin();
  std::advance(chosen, rng_.below(open_.size()));
  begin(*chosen, now);
}

void AntiEntropy::progress(SessionId session, Time now) {
  if (running_ == session) give_up_ = now + patience;
}

/// When both ends have begun, one of them steps back.
bool AntiEntropy::lists_here(SessionId session, const wire::Root& theirs) const {
  const std::size_t mine = records_.size();
  if (mine != theirs.count) return mine < theirs.count;
  return sessions_.find(session)->outbound;
}

void AntiEntropy::hear(SessionId session, const wire::Root& theirs) {
  if (!open_.contains(session)) return;
  const wire::Root mine = records_.root();
  if (mine.hash == theirs.hash && mine.count == theirs.count) {
    sessions_.send(session, wire::Compared{});
    return;
  }
  if (running_ == session) differs_ = true;
  if (running_ == session ? !lists_here(session, theirs) : theirs.count <= mine.count) {
    sessions_.send(session, wire::Digest256{records_.digest()});
  } else if (running_ != session) {
    sessions_.send(session, mine);
  }
}

void AntiEntropy::hear(SessionId session, const wire::Digest256& digest, Time now) {
  progress(session, now);
  if (running_ == session) differs_ = true;
  const auto mine = records_.digest();
  std::vector<std::uint8_t> differing;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    if (mine[i] == digest.buckets[i]) continue;
    differing.push_back(static_cast<std::uint8_t>(i));
  }
  gossip_.list(session, std::move(differing), now);
}

void AntiEntropy::hear(SessionId session, const wire::DigestEntries& theirs, Time now) {
  if (!open_.contains(session)) return;
  progress(session, now);
  std::vector<wire::KeyHash> listed;
  wire::Want want;
  for (const wire::DigestEntry& entry : theirs.entries) {
    listed.push_back(entry.key);
    if (!Gossip::has(records_, entry)) want.keys.push_back(entry.key);
    for (const RecordStore::Slot& slot : records_.named(entry.key)) {
      const bool newer = slot.record->version >= entry.version && slot.record->content != entry.content;
      if (newer) gossip_.repair(session, slot.record->key, now);
    }
  }
  std::sort(listed.begin(), listed.end());
  for (const std::uint8_t bucket : theirs.buckets) {
    for (const RecordStore::Slot& slot : records_.bucket(bucket)) {
      if (!std::binary_search(listed.begin(), listed.end(), slot.hash))
        gossip_.repair(session, slot.record->key, now);
    }
  }
  if (!want.keys.empty()) {
    lacking_.insert(session);
    sessions_.send(session, want);
  }
  if (theirs.more) return;
  gossip_.finish_repair(session, now);
  if (!lacking_.contains(session)) end(session, now);
}

void AntiEntropy::hear(SessionId session, const wire::Want& want, Time now) {
  gossip_.hear(session, want, now);
  if (!want.graft) gossip_.finish_repair(session, now);
}

void AntiEntropy::hear_compared(SessionId session, Time now) {
  if (running_ == session || lacking_.contains(session)) end(session, now);
}

void AntiEntropy::end(SessionId session, Time now) {
  caught_up_ = true;
  lacking_.erase(session);
  if (running_ != session) return;
  if (give_up_ != Time()) count(now);
  give_up_ = Time();
}

void AntiEntropy::count(Time now) {
  ++(differs_ ? figures_.different : figures_.same);
  if (differs_) figures_.seconds.add(std::chrono::duration<double>(now - began_).count());
}

void AntiEntropy::tick(Time now) {
  if (give_up_ <= now) {
    if (give_up_ != Time()) ++figures_.given_up;
    running_.reset();
    give_up_ = Time::max();
    if (!waiting_.empty() || !caught_up_) begin_with_somebody(now);
  }
  if (due_ > now) return;
  due_ = now + rng_.between(interval * 4 / 5, interval * 6 / 5);
  if (!running_) begin_with_somebody(now);
}

Time AntiEntropy::next_deadline() const { return std::min(give_up_, due_); }

}  // namespace overlay::mesh
