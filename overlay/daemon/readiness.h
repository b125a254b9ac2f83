// SPDX-License-Identifier: Apache-2.0
// Follows whether the node can serve a CNI ADD, for the service manager, the log and what is done when it
// first can.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "overlay/daemon/driver.h"

namespace overlay::daemon {

class Readiness {
 public:
  Readiness(boost::asio::io_context& io, const Driver& driver, std::function<void()> first_ready)
      : driver_(driver), first_ready_(std::move(first_ready)), timer_(io) {}

  /// Looks now, and every second until the node is ready for the first time. The core says when that changes
  /// later.
  void look();

 private:
  void tell(const std::string& waiting);

  const Driver& driver_;
  std::function<void()> first_ready_;
  boost::asio::steady_timer timer_;
  bool was_ready_ = false;
  std::string waiting_;  // as told last
};

}  // namespace overlay::daemon
