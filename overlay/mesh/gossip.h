// SPDX-License-Identifier: Apache-2.0
// Spreads records. To each neighbour a dirty set of keys is owed, never a queue of messages: when it can take
// more, the newest record of each key is sent, so a slow neighbour costs memory by keys and duplicates
// collapse. What flooding misses, anti-entropy repairs: bucket hashes are compared, then the buckets that
// differ.
#pragma once

#include <map>
#include <set>

#include "overlay/base/rng.h"
#include "overlay/mesh/record_store.h"
#include "overlay/mesh/sessions.h"

namespace overlay::mesh {

class Gossip {
 public:
  Gossip(Rng& rng, Sessions& sessions, const RecordStore& records)
      : rng_(rng), sessions_(sessions), records_(records) {}

  /// A session can carry records from now on: compare everything once.
  void start(SessionId session, Time now);
  void stop(SessionId session) { owed_.erase(session); }
  /// A record is new: every neighbour but the one it came from is owed it.
  void spread(const wire::RecordKey& key, SessionId from, Time now);
  /// One neighbour is owed this key.
  void owe(SessionId session, const wire::RecordKey& key, Time now);

  void hear(SessionId session, const wire::Digest256& digest);
  void hear(SessionId session, const wire::DigestEntries& theirs, Time now);
  /// A comparison has shown that some neighbour holds nothing this node lacks.
  bool caught_up() const { return caught_up_; }
  void hear(SessionId session, const wire::Want& want, Time now);

  /// The transport took bytes: there may be room again.
  void written(SessionId session, Time now);
  void tick(Time now);
  Time next_deadline() const;

 private:
  struct Owed {
    std::set<wire::RecordKey> keys;
    Time flush_due = Time::max();
    bool lacking = false;            // the answer being heard names records this node lacks
    Time compare_due = Time::max();  // until caught up: look again when they should have come
  };

  void note_progress(SessionId session, bool lacking, bool more, Time now);
  void flush(SessionId session, Owed& owed);
  void compare_with_somebody(Time now);

  Rng& rng_;
  Sessions& sessions_;
  const RecordStore& records_;
  std::map<SessionId, Owed> owed_;
  Time compare_due_ = Time::max();
  bool caught_up_ = false;
};

}  // namespace overlay::mesh
