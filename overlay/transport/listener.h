// SPDX-License-Identifier: Apache-2.0
// Accepts the mesh's TCP connections on every --listen address.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "overlay/addr/endpoint.h"
#include "overlay/base/result.h"
#include "overlay/transport/asio.h"

namespace overlay::transport {

/// Listens from open() to its end; accepts from start() on.
class Listener {
 public:
  using Accepted = std::function<void(tcp::socket socket, const Endpoint& remote)>;

  /// One socket for each endpoint (port 0: any free one), or none at all. The error names --listen, the
  /// address, what is wrong and the cure; Errc::unsupported where this host lacks the address family,
  /// Errc::conflict for a port in use.
  [[nodiscard]] static Result<Listener> open(const asio::any_io_executor& executor,
                                             const std::vector<Endpoint>& endpoints);

  Listener(Listener&&) = default;
  Listener& operator=(Listener&&) = default;
  ~Listener();

  /// `accepted` is called for each connection, on the thread of the event loop.
  void start(Accepted accepted);
  /// What it listens on, as given; the port is the one in use.
  std::vector<Endpoint> endpoints() const;

 private:
  Listener() = default;

  std::vector<std::shared_ptr<tcp::acceptor>> acceptors_;
};

}  // namespace overlay::transport
