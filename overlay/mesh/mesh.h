// SPDX-License-Identifier: Apache-2.0
// Membership: sessions, records, reachability and routing of messages put together. It knows that records
// exist, not what blocks mean: the node above judges and applies them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/mesh/dialer.h"
#include "overlay/mesh/gossip.h"
#include "overlay/mesh/router.h"

namespace overlay::mesh {

class Mesh {
 public:
  /// `judge` says whether a well-signed record may exist (its author may write it), from what is known then.
  /// Errc::unavailable: not known yet, the record is held until rejudge(). Errc::exists: of no use any more,
  /// left out. Errc::conflict: proved, as is another that is held: a clash. Anything else costs the sender
  /// its session.
  using Judge = std::function<Status(const wire::Record&)>;
  /// A record that cannot be judged yet.
  struct Held {
    SessionId session;  // which it came by
    wire::Record record;
  };

  Mesh(Self self, std::vector<HostPort> join, Rng& rng, Outbox& out, Judge judge);
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;

  // ---- sessions (see node/node.h) ----
  SessionId accepted(const Endpoint& remote, const Bytes& binding, Time now);
  void connected(SessionId session, const Bytes& binding, Time now);
  void received(SessionId session, std::string_view frame, Time now);
  void written(SessionId session, std::size_t bytes, Time now);
  void closed(SessionId session, const Error& reason, Time now);
  void tick(Time now);
  Time next_deadline() const;

  // ---- the cluster ----
  const Self& self() const { return self_; }
  /// From now on this node is in the cluster of this genesis; peers without one are told, peers of others
  /// refused.
  void adopt(const wire::Record& genesis, const std::vector<Prefix>& pools, Time now);
  /// Begins to call; restore() comes before.
  void start(Time now);

  // ---- records ----
  /// Puts back what an earlier life had accepted; not spread, not reported.
  void restore(wire::Record record) { records_.insert(std::move(record)); }
  /// Stores and spreads a record of our own making.
  void publish(const wire::Record& record, Time now);
  /// Says something new of this node; nothing happens when it is what was said before.
  void describe(const wire::NodeInfo& info, Time now);
  void erase(const wire::RecordKey& key) { records_.erase(key); }
  /// More is known than when they came: judges all held records again.
  void rejudge(Time now);
  const std::map<wire::RecordKey, Held>& held() const { return held_; }
  /// Asks those who sent held records for these, which would help to judge them.
  void fetch(const std::vector<wire::RecordKey>& keys);
  /// This node is out for ever: what it says of itself is erased, and no way leads there or through it.
  void expel(const NodeId& node, Time now);
  const RecordStore& records() const { return records_; }
  /// Records accepted from others since the last call, in the order of their arrival.
  std::vector<wire::Record> take_fresh() { return std::exchange(fresh_, {}); }
  /// Genesis records heard while this node has no cluster.
  std::vector<wire::Record> take_genesis() { return std::exchange(genesis_, {}); }
  /// Pairs of records of one version that contradict each other.
  std::vector<wire::Record> take_clashes() { return std::exchange(clashes_, {}); }

  // ---- reachability and messages ----
  bool reaches(const NodeId& node) const { return reach_.reaches(node); }
  std::size_t reachable_count() const { return reach_.all().size(); }
  Router& router() { return router_; }
  const Reach& reach() const { return reach_; }

  // ---- for views ----
  const Sessions& sessions() const { return sessions_; }
  const Dialer& dialer() const { return dialer_; }
  /// The name of a node, or the first digits of its id where no record names it.
  std::string name_of(const NodeId& node) const;
  const wire::NodeInfo* info(const NodeId& node) const;
  /// When the node last became reachable or unreachable.
  std::optional<Time> reach_changed(const NodeId& node) const;
  /// A first exchange of everything with some neighbour has been done.
  bool synced() const { return gossip_.caught_up(); }

 private:
  void settle(Time now);
  void apply(const SessionChange& change, Time now);
  void hear(SessionId session, wire::Records& records, Time now);
  void hear_record(SessionId session, const Bytes& envelope, Time now);
  bool is_nothing_new(const wire::Record& record) const;
  void hear_own(const wire::Record& record, Time now);
  void hear_genesis(SessionId session, wire::Record record);
  void announce_genesis(SessionId session);
  Status judge_record(SessionId session, const wire::Record& record, Time now);
  void hold(SessionId session, const wire::Record& record);
  void accept_record(SessionId session, wire::Record record, Time now);
  void update_links(Time now);
  std::set<NodeId> linked_peers() const;
  void update_reach(Time now);
  void update_wanted(Time now);
  void say(Event event) { out_.push_back(std::move(event)); }

  Self self_;
  Outbox& out_;
  Judge judge_;
  Sessions sessions_;
  Dialer dialer_;
  RecordStore records_;
  Gossip gossip_;
  Router router_;
  Reach reach_;
  std::vector<wire::Record> fresh_;
  std::vector<wire::Record> genesis_;
  std::vector<wire::Record> clashes_;
  std::map<wire::RecordKey, Held> held_;
  std::set<NodeId> expelled_;
  std::map<NodeId, Time> reach_changed_;
  std::uint64_t info_version_ = 0;
  std::uint64_t links_version_ = 0;
  std::set<NodeId> announced_;          // links as last published
  std::map<NodeId, Time> announce_at_;  // links that are up but must first prove stable
  std::set<NodeId> ever_linked_;
  Duration links_throttle_{};
  Time links_due_ = Time::max();
  Time links_published_;
  Time reach_due_ = Time::max();
};

}  // namespace overlay::mesh
