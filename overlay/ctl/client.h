// SPDX-License-Identifier: Apache-2.0
// Asks a local overlayd over its unix socket. Blocking; every call is a connection of its own.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "overlay/ctl/outcome.h"

namespace overlay::ctl {

/// A call stops with Exit::unreachable, naming the socket and the cure, when nobody answers there, and with
/// Exit::no and the daemon's own sentence when the answer is a failure.
class Client {
 public:
  explicit Client(std::string socket) : socket_(std::move(socket)) {}

  const std::string& socket() const { return socket_; }
  /// The body of the answer.
  [[nodiscard]] Outcome<std::string> get(const std::string& path) const;
  /// The same for verbs, which may take their time; `body` is JSON, or nothing.
  [[nodiscard]] Outcome<std::string> post(const std::string& path, const std::string& body = {}) const;
  /// Calls `on_line` with each line of an answer without end; it ends only by stopping.
  [[nodiscard]] Outcome<void> follow(const std::string& path,
                                     const std::function<void(const std::string&)>& on_line) const;

 private:
  std::string socket_;
};

}  // namespace overlay::ctl
