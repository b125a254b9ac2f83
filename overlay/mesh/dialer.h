// SPDX-License-Identifier: Apache-2.0
// Whom to call and when: the operator's join targets, the neighbours that are wanted, and those somebody
// without room has named. Back-off with full jitter, so that a thousand nodes do not call one in step.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/base/rng.h"
#include "overlay/mesh/sessions.h"

namespace overlay::mesh {

/// One thing to call: how it went and when to try again.
struct Attempt {
  std::optional<SessionId> session;  // under way or up
  Time next;
  Duration step{};    // grows with each failure
  std::string error;  // of the last failure
  Time since;         // of the last change
  Time up_since;      // of the last session
};

struct Target : Attempt {
  HostPort address;
  NodeId peer;           // who answered last; zero: nobody yet
  bool is_self = false;  // it is this very node: never called again
  bool no_room = false;  // it turned us away: the next call says that we cannot reach it otherwise
};

class Dialer {
 public:
  /// Where a node can be called; null: not known.
  using EndpointsOf = std::function<const std::vector<Endpoint>*(const NodeId&)>;

  Dialer(const Self& self, std::vector<HostPort> join, Rng& rng, Sessions& sessions,
         EndpointsOf endpoints_of);

  /// Other join targets from now on; what is known of those that stay is kept.
  void retarget(std::vector<HostPort> join);
  /// The nodes to keep a session with. `mutual`: they want one with us too, so that only one need call.
  void want(const std::map<NodeId, wire::Purpose>& neighbours, bool mutual, Time now);
  /// Whether join targets are called without end; otherwise only when nobody else is there to talk to.
  void insist_on_targets(bool insist) { insist_ = insist; }
  /// Addresses that are worth a call while there is nobody to talk to.
  void add_contacts(const std::vector<Endpoint>& contacts);
  /// One call to a node that cannot be reached.
  void seek(const HostPort& address, Time now) { sessions_.dial(address, wire::Purpose::seek, now); }
  /// The same to one of the join targets; to find out who is there, if that is not known.
  void seek_target(std::size_t index, Time now);
  /// Returns the neighbour whose call has failed by this, if one has.
  std::optional<NodeId> changed(const SessionChange& change, Time now);
  /// Whoever is without a session is called now.
  void hurry(Time now);
  /// Whoever this session calls has no room: it is left alone for a while.
  void turned_away(SessionId session);
  void tick(Time now);
  Time next_deadline() const;

  const std::vector<Target>& targets() const { return targets_; }
  const std::map<NodeId, Attempt>& neighbours() const { return neighbours_; }
  /// Every join target has a session now, or proved to be this node: nobody is left to wait for.
  bool all_targets_answered() const;
  /// True the first time this failure of this peer or address is seen, so that repeats are not logged.
  bool is_news(const std::string& who, const std::string& error);

 private:
  bool due(const Target& target, Time now) const;
  bool due(const NodeId& peer, const Attempt& attempt, Time now) const;
  void stood(Attempt& attempt, const SessionChange& change, Time now);
  void failed(Attempt& attempt, const std::string& error, Time now);
  void call_neighbour(const NodeId& peer, Attempt& attempt, Time now);
  void call_contacts(Time now);

  const Self& self_;
  Rng& rng_;
  Sessions& sessions_;
  std::vector<Target> targets_;
  std::map<NodeId, Attempt> neighbours_;
  EndpointsOf endpoints_of_;
  std::map<NodeId, wire::Purpose> wanted_;
  bool insist_ = true;
  std::deque<Endpoint> contacts_;
  std::set<SessionId> contacted_;            // sessions with contacts
  std::map<std::string, std::string> told_;  // peer or address -> error last logged
};

}  // namespace overlay::mesh
