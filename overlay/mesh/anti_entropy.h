// SPDX-License-Identifier: Apache-2.0
// Repairs what gossip has missed: two neighbours compare the hash of all they hold, then those of 256
// buckets, then what is in the buckets that differ, and each sends what the other lacks.
//
//   one                       other
//    | ------- Root ---------> |      the same: Compared
//    | <------ Digest256 ----- |      by whoever holds more; who holds less lists
//    | --- DigestEntries ----> |
//    | <------ Want ---------- |
//    | <- Records, Compared -- |      and the other way round
//
// A node compares with one neighbour at a time: a newcomer gets everything once.
#pragma once

#include <deque>
#include <optional>

#include "overlay/base/rng.h"
#include "overlay/mesh/figures.h"
#include "overlay/mesh/gossip.h"

namespace overlay::mesh {

class AntiEntropy {
 public:
  AntiEntropy(Rng& rng, Sessions& sessions, const RecordStore& records, Gossip& gossip)
      : rng_(rng), sessions_(sessions), records_(records), gossip_(gossip) {}

  /// A session can carry records from now on; one of the two ends begins.
  void start(SessionId session, Time now);
  void stop(SessionId session);

  void hear(SessionId session, const wire::Root& root);
  void hear(SessionId session, const wire::Digest256& digest, Time now);
  void hear(SessionId session, const wire::DigestEntries& theirs, Time now);
  void hear(SessionId session, const wire::Want& want, Time now);
  void hear_compared(SessionId session, Time now);
  /// Something of what was lacking has come: it goes on.
  void progress(SessionId session, Time now);
  /// A comparison has come to its end: this node has all that some neighbour had.
  bool caught_up() const { return caught_up_; }
  const Comparisons& figures() const { return figures_; }

  void tick(Time now);
  Time next_deadline() const;

 private:
  void begin(SessionId session, Time now);
  void begin_with_somebody(Time now);
  void end(SessionId session, Time now);
  void count(Time now);
  bool lists_here(SessionId session, const wire::Root& theirs) const;

  Rng& rng_;
  Sessions& sessions_;
  const RecordStore& records_;
  Gossip& gossip_;
  std::set<SessionId> open_;
  std::deque<SessionId> waiting_;     // sessions that have not been compared on yet
  std::optional<SessionId> running_;  // which this node has begun on
  std::set<SessionId> lacking_;       // whose entries name records this node lacks and has asked for
  Time give_up_ = Time::max();
  Time due_ = Time::max();
  bool caught_up_ = false;
  Time began_;            // the running one
  bool differs_ = false;  // so the running one has shown
  Comparisons figures_;
};

}  // namespace overlay::mesh
