// SPDX-License-Identifier: Apache-2.0
// Stands between a connection and its session: nothing is made of a connection before its peer has shown that
// it holds the cluster's secret, or a certificate. Without credentials it lets all through.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <map>
#include <optional>

#include "overlay/transport/tls.h"

namespace overlay::transport {

/// How long a handshake may take.
inline constexpr auto handshake_timeout = std::chrono::seconds(5);
/// How many callers may be in theirs; one more costs the one that has taken longest.
inline constexpr std::size_t max_callers = 256;

/// A connection that may become a session.
struct Guarded {
  Stream stream;
  node::Channel channel;
};

/// Lives as long as the event loop. Single thread.
class Guard {
 public:
  /// Called once, without credentials perhaps at once. The error says in one sentence what is wrong.
  using Done = std::function<void(Result<Guarded>)>;

  /// Without any: plain connections.
  explicit Guard(std::optional<Credentials> credentials);

  /// Of handshakes that begin from now on.
  void set_credentials(Credentials credentials);
  bool secured() const { return tls_ != nullptr; }

  /// The side that was called.
  void admit(tcp::socket socket, Done done);
  /// The side that called `target`. A peer that refuses the first of our keys is offered the next one when it
  /// is called again: one handshake holds one key.
  void introduce(tcp::socket socket, const std::string& target, Done done);

  /// How many are in their handshake.
  std::size_t callers() const { return callers_.size(); }

 private:
  struct Attempt;

  static asio::awaitable<void> run(Guard& guard, std::shared_ptr<Attempt> attempt, Done done);
  static asio::awaitable<Result<Guarded>> shake_hands(Guard& guard, std::shared_ptr<Attempt> attempt);
  void learn(const Attempt& attempt, bool refused);

  std::shared_ptr<Tls> tls_;                   // of the next handshake; nullptr: plain
  std::list<std::weak_ptr<Attempt>> callers_;  // the oldest first
  std::map<std::string, std::size_t> offers_;  // target -> which key it is offered; absent: the first
};

}  // namespace overlay::transport
