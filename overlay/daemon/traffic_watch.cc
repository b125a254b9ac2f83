// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/traffic_watch.h"

#include "overlay/daemon/log.h"
#include "overlay/kernel/traffic.h"

namespace overlay::daemon {
namespace {

constexpr auto looks_interval = std::chrono::seconds(2);

}  // namespace

TrafficWatch::TrafficWatch(boost::asio::io_context& io, kernel::Socket socket, Driver& driver)
    : socket_(std::move(socket)), driver_(driver), timer_(io) {
  look_again();
}

void TrafficWatch::look_again() {
  timer_.expires_after(looks_interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    look_again();
    if (!driver_.node().wants_traffic()) return;
    const auto seen = kernel::destinations(socket_);
    if (!seen) return log(spdlog::level::debug, "traffic", {{"text", seen.error().text}});
    driver_.feed([&](node::Node& node, Time now) { node.traffic_seen(*seen, now); });
  });
}

}  // namespace overlay::daemon
