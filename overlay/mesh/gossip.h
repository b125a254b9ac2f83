// SPDX-License-Identifier: Apache-2.0
// Spreads records as Plumtree does (Leitao, Pereira, Rodrigues, "Epidemic broadcast trees", 2007): news goes
// at once along the edges of a tree and is announced on all others. Who gets the same news twice prunes the
// later edge; who hears of something that does not come grafts an edge to whoever announced it.
//
// To each neighbour keys are owed, never messages: when it can take more, the newest record of each key is
// sent. So a slow one costs memory by keys, and what is outdated before it left is never sent.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <vector>

#include "overlay/mesh/budget.h"
#include "overlay/mesh/record_store.h"
#include "overlay/mesh/sessions.h"

namespace overlay::mesh {

class Gossip {
 public:
  Gossip(Sessions& sessions, const RecordStore& records);

  /// A session can carry records from now on.
  void start(SessionId session);
  void stop(SessionId session);
  /// A record is news: every neighbour but the one it came from is told.
  void spread(const wire::RecordKey& key, SessionId from, Time now);
  /// The neighbour holds what we do under this key: it need not be told.
  void knows(SessionId session, const wire::RecordKey& key);
  /// A comparison shows that this neighbour lacks the record.
  void repair(SessionId session, const wire::RecordKey& key, Time now);
  /// When all that is to be repaired has been sent, the neighbour is told so.
  void finish_repair(SessionId session, Time now);
  /// What is held in these buckets is to be listed for the neighbour.
  void list(SessionId session, std::vector<std::uint8_t> buckets, Time now);

  /// A frame of news has been heard: so many records of it were new, so many known.
  void heard(SessionId session, std::size_t fresh, std::size_t known);
  void hear(SessionId session, const wire::Announce& announced, Time now);
  void hear(SessionId session, const wire::Want& want, Time now);
  void hear_prune(SessionId session);

  /// The transport took bytes: there may be room again.
  void written(SessionId session, Time now);
  void tick(Time now);
  Time next_deadline() const;

  /// Held, or outdated by what is held.
  static bool has(const RecordStore& records, const wire::DigestEntry& entry);

 private:
  /// What decides on blocks and voters goes first, links last: they are outdated soonest.
  struct Urgency {
    bool operator()(const wire::RecordKey& a, const wire::RecordKey& b) const;
  };
  using Keys = std::set<wire::RecordKey, Urgency>;
  struct Neighbour {
    bool eager = true;    // it gets news at once
    bool pruned = false;  // it has been asked to announce only
    Keys news;
    Keys repairs;
    std::uint64_t announced = 0;      // of the log: what comes before this is settled
    std::vector<std::uint64_t> told;  // contents, of what comes after, that it has
    std::deque<std::uint8_t> to_list;
    bool finishing = false;  // a word is due when nothing is left to repair
    Time flush_due = Time::max();
    Time flushed = Time::min();  // when last
    Time announce_due = Time::max();
  };
  /// A record that was news, in the order in which they came. One log for all neighbours, so that ten of them
  /// cost no more than one.
  struct Entry {
    wire::KeyHash key;
    std::uint64_t content;
  };
  /// Announced, but not here yet.
  struct Missing {
    wire::DigestEntry entry;
    std::vector<SessionId> announcers;
    Time due;
  };

  void owe(SessionId session, const wire::RecordKey& key, Time now);
  void flush(SessionId session, Neighbour& neighbour, Time now);
  bool may_send(SessionId session, Time now);
  bool send_some(SessionId session, Keys& keys, bool repair);
  void send_list(SessionId session, Neighbour& neighbour);
  void announce(SessionId session, Neighbour& neighbour);
  std::uint64_t log_end() const { return log_begin_ + log_.size(); }
  void trim_log();
  void graft(Time now);
  void wait_for(SessionId session, const wire::DigestEntry& entry, Time now);
  void forget(std::map<wire::KeyHash, Missing>::iterator missing);

  Sessions& sessions_;
  const RecordStore& records_;
  Budget budget_;
  std::uint64_t counted_ = 0;  // of Sessions::sent_bytes, taken from the budget
  std::map<SessionId, Neighbour> neighbours_;
  std::deque<Entry> log_;
  std::uint64_t log_begin_ = 0;
  SessionId last_served_ = 0;
  std::map<wire::KeyHash, Missing> missing_;
  std::set<std::pair<Time, wire::KeyHash>> missing_due_;
};

}  // namespace overlay::mesh
