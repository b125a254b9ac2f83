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

#include "overlay/mesh/anti_entropy.h"
#include "overlay/mesh/dialer.h"
#include "overlay/mesh/figures.h"
#include "overlay/mesh/gossip.h"
#include "overlay/mesh/neighbours.h"
#include "overlay/mesh/own_links.h"
#include "overlay/mesh/router.h"
#include "overlay/wire/opener.h"

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

  /// `opener`: only for who must share records between meshes; null: each envelope is parsed and verified.
  Mesh(Self self, std::vector<HostPort> join, Rng& rng, Outbox& out, Judge judge,
       wire::Opener* opener = nullptr);
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;

  // ---- sessions (see node/node.h) ----
  SessionId accepted(const Endpoint& remote, const Channel& channel, Time now);
  void connected(SessionId session, const Channel& channel, Time now);
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
  /// This node speaks as a later incarnation from now on, and says again whom it is linked with.
  void rise(std::uint64_t incarnation, Time now);
  /// Begins to call; restore() comes before.
  void start(Time now);
  /// Other join targets from now on.
  void retarget(std::vector<HostPort> join) { dialer_.retarget(std::move(join)); }

  /// Nobody can call this node where it was: calls those it has no session with any more, at once.
  void hurry(Time now) { dialer_.hurry(now); }

  // ---- records ----
  /// Puts back what an earlier life had accepted; not spread, not reported.
  void restore(wire::Record record);
  /// Stores and spreads a record of our own making.
  void publish(const wire::Record& record, Time now);
  /// Says something new of this node; nothing happens when it is what was said before.
  void describe(const wire::NodeInfo& info, Time now);
  void erase(const wire::RecordKey& key);
  /// More is known than when they came: judges all held records again.
  void rejudge(Time now);
  const std::map<wire::RecordKey, Held>& held() const { return held_; }
  /// Asks those who sent held records for these, which would help to judge them.
  void fetch(const std::vector<wire::RecordKey>& keys);
  /// This node is out for ever: what it says of itself is erased, and no way leads there or through it.
  void expel(const NodeId& node, Time now);
  const RecordStore& records() const { return records_; }
  /// Records accepted from others since the last call, in the order of their arrival.
  std::vector<wire::RecordRef> take_fresh() { return std::exchange(fresh_, {}); }
  /// Genesis records heard while this node has no cluster.
  std::vector<wire::Record> take_genesis() { return std::exchange(genesis_, {}); }
  /// What founders said while this node has no cluster, and by whose key.
  std::vector<std::pair<PublicKey, wire::Founding>> take_foundings() { return std::exchange(foundings_, {}); }
  /// Says it to a neighbour; nothing happens where there is no session.
  void tell(const NodeId& neighbour, const wire::Founding& word);
  /// Pairs of records of one version that contradict each other.
  std::vector<wire::Record> take_clashes() { return std::exchange(clashes_, {}); }
  /// Incarnations of this node, as late as this one or later, under which something was said that it did not
  /// say.
  std::vector<std::uint64_t> take_heard_of_self() { return std::exchange(heard_of_self_, {}); }

  /// Whether anything has happened since the last call that the node above may have to act on. Most of what
  /// comes, heartbeats, announcements, what is known already, is the mesh's own business.
  bool take_stirred() { return std::exchange(stirred_, false); }

  // ---- reachability and messages ----
  bool reaches(const NodeId& node) const { return reach_.reaches(node); }
  std::size_t reachable_count() const { return reach_.count(); }
  Router& router() { return router_; }
  const Reach& reach() const { return reach_; }

  // ---- for views ----
  const Sessions& sessions() const { return sessions_; }
  const Dialer& dialer() const { return dialer_; }
  /// The name of a node, or the first digits of its id where no record names it.
  std::string name_of(const NodeId& node) const;
  const wire::NodeInfo* info(const NodeId& node) const;
  /// When the node last became reachable or unreachable.
  std::optional<Time> reach_changed(const NodeId& node) const { return reach_.changed_at(node); }
  Figures figures() const;
  /// A first exchange of everything with some neighbour has been done.
  bool synced() const { return anti_entropy_.caught_up(); }

 private:
  /// How a record came.
  struct Origin {
    SessionId session;
    bool is_news;  // not what a comparison has shown to be lacking
  };
  enum class Heard : std::uint8_t { fresh, known, other };

  void settle(Time now);
  void apply(const SessionChange& change, Time now);
  void apply_established(const SessionChange& change, Time now);
  bool has_room_for(const Session& session) const;
  void hear(SessionId session, wire::Message& message, Time now);
  void hear(SessionId session, wire::Records& records, Time now);
  void hear_busy(SessionId session, const wire::Busy& busy);
  Heard hear_record(const Origin& origin, const Bytes& envelope, Time now);
  bool is_nothing_new(const wire::Record& record) const;
  void hear_own(const wire::Record& record);
  void hear_genesis(SessionId session, const wire::Record& record);
  void announce_genesis(SessionId session);
  [[nodiscard]] Result<Heard> judge_record(const Origin& origin, const wire::RecordRef& record, Time now);
  void hold(SessionId session, const wire::Record& record);
  Heard accept_record(const Origin& origin, const wire::RecordRef& record, Time now);
  void know(const wire::RecordRef& record);
  void update_links(Time now);
  std::set<NodeId> linked_peers() const;
  void update_reach(Time now);
  void update_wanted(Time now);
  void want_later(Time now);
  void tidy(Time now);
  void seek(Time now);
  bool is_large() const { return records_.count(wire::RecordKind::node) > full_mesh_nodes; }
  void say(Event event) { out_.push_back(std::move(event)); }

  Self self_;
  Rng& rng_;
  Outbox& out_;
  Judge judge_;
  wire::Opener own_opener_;
  wire::Opener& opener_;
  Sessions sessions_;
  RecordStore records_;
  Reach reach_;
  Neighbours neighbours_;
  Dialer dialer_;
  Gossip gossip_;
  AntiEntropy anti_entropy_;
  Router router_;
  OwnLinks own_links_;
  std::vector<wire::RecordRef> fresh_;
  std::vector<wire::Record> genesis_;
  std::vector<std::pair<PublicKey, wire::Founding>> foundings_;
  std::vector<wire::Record> clashes_;
  std::vector<std::uint64_t> heard_of_self_;
  std::map<wire::RecordKey, Held> held_;
  std::set<NodeId> expelled_;
  Figures heard_;  // what this counts itself
  std::uint64_t info_version_ = 0;
  std::uint64_t links_version_ = 0;
  bool stirred_ = false;
  Time wanted_due_ = Time::max();
  Time tidy_due_ = Time::max();
  Time seek_due_ = Time::max();
};

}  // namespace overlay::mesh
