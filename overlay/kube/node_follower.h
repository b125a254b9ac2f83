// SPDX-License-Identifier: Apache-2.0
// Lists Nodes and watches them, for as long as somebody wants to know.
#pragma once

#include <functional>
#include <string>

#include "overlay/kube/backoff.h"
#include "overlay/kube/client.h"
#include "overlay/kube/node_watch.h"

namespace overlay::kube {

class NodeFollower {
 public:
  /// Called when a list is whole and after each change; false: enough.
  using Changed = std::function<bool()>;
  /// Why Nodes cannot be followed now; empty: they can again.
  using Trouble = std::function<void(const std::string&)>;

  /// `name`: of the one Node to follow; empty: all.
  NodeFollower(asio::any_io_executor executor, const Access& access, std::string name, Rng rng)
      : client_(executor, access), watch_(std::move(name)), backoff_(rng), timer_(executor) {}

  Awaitable<void> run(Changed changed, Trouble trouble);
  const std::map<std::string, Node>& nodes() const { return watch_.nodes(); }
  bool is_complete() const { return watch_.is_complete(); }

 private:
  Awaitable<Status> list();
  Awaitable<Status> watch();
  Status hear(std::string_view line);

  Changed changed_;
  Trouble trouble_;
  bool wanted_ = true;
  Client client_;
  NodeWatch watch_;
  Backoff backoff_;
  asio::steady_timer timer_;
};

}  // namespace overlay::kube
