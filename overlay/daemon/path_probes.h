// SPDX-License-Identifier: Apache-2.0
// Carries the core's probes to the kernel and the answers back.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "overlay/daemon/driver.h"
#include "overlay/kernel/echo_sockets.h"
#include "overlay/plan/objects.h"

namespace overlay::daemon {

class PathProbes {
 public:
  PathProbes(boost::asio::io_context& io, kernel::EchoSockets sockets, Driver& driver);
  ~PathProbes();

 private:
  using News = boost::asio::posix::stream_descriptor;

  void send(const node::SendProbe& probe);
  Status send(const paths::Echo& echo, plan::Device tunnel, const std::optional<Mac>& to);
  void wait(News& news);
  void hear();

  kernel::EchoSockets sockets_;
  Driver& driver_;
  std::array<News, 2> news_;
  std::array<std::uint32_t, plan::devices.size()> indices_{};  // of ours, as far as they were asked for
};

}  // namespace overlay::daemon
