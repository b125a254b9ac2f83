// SPDX-License-Identifier: Apache-2.0
// Tells the core where pods send to, every two seconds while that matters to it: the paths that traffic takes
// are probed more often than the thousands that none does.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "overlay/daemon/driver.h"
#include "overlay/kernel/netlink.h"

namespace overlay::daemon {

class TrafficWatch {
 public:
  TrafficWatch(boost::asio::io_context& io, kernel::Socket socket, Driver& driver);

 private:
  void look_again();

  kernel::Socket socket_;  // of NETLINK_NETFILTER
  Driver& driver_;
  boost::asio::steady_timer timer_;
};

}  // namespace overlay::daemon
