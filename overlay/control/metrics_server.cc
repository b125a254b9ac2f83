// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/metrics_server.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <iterator>
#include <string_view>

#include "overlay/control/figures.h"
#include "overlay/control/mesh_figures.h"
#include "overlay/control/metrics.h"
#include "overlay/control/path_figures.h"
#include "overlay/control/process_figures.h"
#include "overlay/control/view.h"

namespace overlay::control {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

Response text_response(unsigned status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body), {}, nullptr};
}

Response readiness(const v1::Status& status) {
  if (status.node().ready()) return text_response(200, "ready\n");
  std::string body;
  for (const auto& reason : status.node().waiting_for()) body += "waiting for: " + reason + "\n";
  return text_response(503, body);
}

std::string all_metrics(Backend& backend) {
  const auto [status, links] = backend.overview();
  auto more = Figures::instance().collect();
  std::ranges::move(process_figures(to_wall_time(status.node().started())), std::back_inserter(more));
  std::ranges::move(path_figures(backend.path_figures()), std::back_inserter(more));
  std::ranges::move(mesh_figures(backend.mesh_figures()), std::back_inserter(more));
  return to_metrics(status, links, std::move(more));
}

void serve(const Request& request, Backend& backend, MapSite& map, const Respond& respond) {
  if (request.method != "GET") {
    auto out = text_response(405, "only GET is served here\n");
    out.headers.emplace_back("Allow", "GET");
    return respond(std::move(out));
  }
  const auto path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (path == "/healthz") return respond(text_response(200, "ok\n"));
  if (path == "/readyz") return respond(readiness(backend.status()));
  if (path == "/metrics") {
    return respond({200, "text/plain; version=0.0.4; charset=utf-8", all_metrics(backend), {}, nullptr});
  }
  if (MapSite::serves(path)) return map.handle(request, respond);
  respond(text_response(404, "there are /metrics, /healthz, /readyz and /ui\n"));
}

Error cannot_listen(const Endpoint& endpoint, const error_code& error) {
  return fail(Errc::io, "--metrics " + endpoint.text() + " cannot be listened at (" + error.message() +
                            "): give --metrics a free port and an address of this host");
}

Result<tcp::acceptor> open_acceptor(asio::io_context& io, const Endpoint& endpoint) {
  error_code error;
  const tcp::endpoint local(asio::ip::make_address(endpoint.address.text()), endpoint.port);
  tcp::acceptor acceptor(io);
  acceptor.open(local.protocol(), error);
  // Else a restart would have to wait for the last life's connections to leave TIME_WAIT.
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && !endpoint.address.is_v4()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(local, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return cannot_listen(endpoint, error);
  return acceptor;
}

}  // namespace

Result<std::unique_ptr<MetricsServer>> MetricsServer::listen(asio::io_context& io, const Endpoint& endpoint,
                                                             Backend& backend, EventLog& events,
                                                             MapFor shown) {
  OVERLAY_TRY(auto acceptor, open_acceptor(io, endpoint));
  error_code error;
  const Endpoint bound{endpoint.address, acceptor.local_endpoint(error).port()};
  const int socket = acceptor.release(error);
  if (error) return cannot_listen(endpoint, error);
  return std::unique_ptr<MetricsServer>(
      new MetricsServer(io, socket, bound, backend, std::make_shared<MapSite>(io, shown, backend, events)));
}

MetricsServer::MetricsServer(asio::io_context& io, int socket, const Endpoint& endpoint, Backend& backend,
                             std::shared_ptr<MapSite> map)
    : endpoint_(endpoint),
      map_(std::move(map)),
      http_(
          io, socket, HttpLimits{},
          [this, &backend](const Request& request, const Respond& respond) {
            serve(request, backend, *map_, respond);
          },
          [](unsigned status, Error error) { return text_response(status, error.text + "\n"); }) {}

}  // namespace overlay::control
