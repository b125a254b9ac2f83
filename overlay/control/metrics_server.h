// SPDX-License-Identifier: Apache-2.0
// The listener of --metrics: /metrics for Prometheus, /healthz and /readyz for whoever supervises the daemon,
// /ui for people.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "overlay/addr/endpoint.h"
#include "overlay/base/result.h"
#include "overlay/control/backend.h"
#include "overlay/control/http.h"
#include "overlay/control/map_site.h"

namespace overlay::control {

/// Serves from listen() until destroyed. /healthz answers 200 for as long as the event loop turns, also while
/// the node waits for something; /readyz answers 200, or 503 with what it waits for, one a line.
class MetricsServer {
 public:
  /// Errc::io when the address cannot be listened at; the text names --metrics and the cure.
  [[nodiscard]] static Result<std::unique_ptr<MetricsServer>> listen(boost::asio::io_context& io,
                                                                     const Endpoint& endpoint,
                                                                     Backend& backend, EventLog& events,
                                                                     MapFor shown);
  /// Where it listens; tells the port that the kernel chose for port 0.
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  MetricsServer(boost::asio::io_context& io, int socket, const Endpoint& endpoint, Backend& backend,
                std::shared_ptr<MapSite> map);

  Endpoint endpoint_;
  std::shared_ptr<MapSite> map_;
  HttpListener http_;  // last: its end closes the connections, and with them all feeds
};

}  // namespace overlay::control
