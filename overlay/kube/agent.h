// SPDX-License-Identifier: Apache-2.0
// A node's dealings with the Kubernetes API server. Nothing waits for it: while the server is away the node
// goes on with what it knows.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "overlay/kube/election.h"
#include "overlay/kube/founding.h"
#include "overlay/kube/node_follower.h"

namespace overlay::kube {

struct AgentOptions {
  Access access;
  std::string node;         // the name of this host's Node
  Duration forget_after{};  // how long a Node must be gone
  Duration lease_look = kube::lease_look;
};

/// For people.
struct Trouble {
  std::string text;
  Time since;
};

/// Lives as long as the event loop runs.
class Agent {
 public:
  Agent(asio::io_context& io, AgentOptions options, Host& host, Rng rng);

  void start();
  /// The node became ready, or not any more.
  void readiness_changed() { wake(); }
  /// What keeps the API server and this node apart, if anything.
  std::optional<Trouble> trouble() const;

 private:
  Awaitable<void> found();
  Awaitable<void> follow_own_node();
  Awaitable<void> keep_own_node();
  Awaitable<Status> tend_own_node(Client& client);
  Awaitable<Status> post_events(Client& client);
  Awaitable<void> lead();
  Awaitable<Status> look_at_lease(Client& client);
  void begin_following();
  Awaitable<void> follow_all(std::shared_ptr<NodeFollower> follower);
  Awaitable<void> look_for_departures(Client& client);
  Awaitable<Result<std::set<std::string>>> list_all_uids(Client& client);
  void forget(const Departure& departure);

  bool see_own_node();
  void record(EventText event);
  void wake();
  void set_trouble(const std::string& what, const std::string& text);
  Rng next_rng() { return Rng(rng_.next()); }

  asio::io_context& io_;
  AgentOptions options_;
  std::string space_;
  Host& host_;
  Rng rng_;
  std::map<std::string, Trouble> trouble_;  // by what it keeps from being done

  std::deque<EventText> events_;
  NodeFollower own_;
  bool news_due_ = false;    // there is something to do about this host's Node
  asio::steady_timer news_;  // cancelled then

  Election election_;
  Departures departures_;
  std::shared_ptr<NodeFollower> all_;  // while this node leads
  std::map<std::string, Time> asked_;  // whom it asked to forget, by id, and when
};

}  // namespace overlay::kube
