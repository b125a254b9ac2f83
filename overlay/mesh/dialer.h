// SPDX-License-Identifier: Apache-2.0
// Whom to call and when: the operator's join targets for ever, and the neighbours wanted by
// choose_neighbours(). Back-off with full jitter, so that a thousand nodes do not call one in step.
#pragma once

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
};

struct Target : Attempt {
  HostPort address;
  NodeId peer;           // who answered last; zero: nobody yet
  bool is_self = false;  // it is this very node: never called again
};

class Dialer {
 public:
  Dialer(const Self& self, std::vector<HostPort> join, Rng& rng, Sessions& sessions);

  /// The nodes to keep a session with, and where each can be called.
  void want(const std::map<NodeId, std::vector<Endpoint>>& neighbours, Time now);
  void changed(const SessionChange& change, Time now);
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
  void failed(Attempt& attempt, const std::string& error, Time now);
  void call_neighbour(const NodeId& peer, Attempt& attempt, Time now);

  const Self& self_;
  Rng& rng_;
  Sessions& sessions_;
  std::vector<Target> targets_;
  std::map<NodeId, Attempt> neighbours_;
  std::map<NodeId, std::vector<Endpoint>> endpoints_;
  std::map<std::string, std::string> told_;  // peer or address -> error last logged
};

}  // namespace overlay::mesh
