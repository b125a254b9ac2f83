// SPDX-License-Identifier: Apache-2.0
// Carries the core's probes to the kernel and the answers back.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "overlay/daemon/driver.h"
#include "overlay/kernel/echo_sockets.h"

namespace overlay::daemon {

class PathProbes {
 public:
  PathProbes(boost::asio::io_context& io, kernel::EchoSockets sockets, Driver& driver);
  ~PathProbes();

 private:
  using News = boost::asio::posix::stream_descriptor;

  void send(const node::SendProbe& probe);
  void wait(News& news);
  void hear();

  kernel::EchoSockets sockets_;
  Driver& driver_;
  std::array<News, 2> news_;
};

}  // namespace overlay::daemon
