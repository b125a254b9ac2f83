// SPDX-License-Identifier: Apache-2.0
// The local API on a unix socket: who may call, which call it is, the backend's answer as JSON.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "overlay/base/result.h"
#include "overlay/control/backend.h"
#include "overlay/control/event_log.h"
#include "overlay/control/http.h"

namespace overlay::control {

struct ServerOptions {
  std::string path;               // RUN_DIR/overlayd.sock; its folder exists
  std::string group = "overlay";  // may connect and GET besides root, where this group exists
  HttpLimits limits;
};

/// Serves from listen() until destroyed; then the socket is gone. Whoever may open the socket may GET; POST
/// needs the user the daemon runs as, or root. The io_context (one thread), the backend and the log outlive
/// it.
class Server {
 public:
  /// Makes the socket, mode 0660, in one step: no one ever sees it with other permissions. A dead daemon's
  /// socket is replaced. Errc::conflict when somebody answers there; Errc::invalid for a path too long for a
  /// socket or a file that is none; Errc::io otherwise; each names --run-dir where that is the cure.
  [[nodiscard]] static Result<std::unique_ptr<Server>> listen(boost::asio::io_context& io,
                                                              const ServerOptions& options, Backend& backend,
                                                              EventLog& events);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace overlay::control
