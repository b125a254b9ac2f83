// SPDX-License-Identifier: Apache-2.0
// Takes up a new certificate when its files change, as whoever renews it puts it there, and raises an alarm
// when nobody does.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>

#include "overlay/daemon/alarms.h"
#include "overlay/daemon/credentials.h"
#include "overlay/daemon/mesh_sessions.h"

namespace overlay::daemon {

class CertificateWatch {
 public:
  /// `node`: this one; `loaded`: what sessions use at first. All else that is given must outlive it.
  CertificateWatch(boost::asio::io_context& io, const Options& options, const NodeId& node,
                   transport::Certificates loaded, MeshSessions& sessions, Alarms& alarms);

  /// Now, and every ten seconds from then on.
  void look();

 private:
  /// When each file was written, and how long it is.
  using Versions = std::array<std::pair<std::filesystem::file_time_type, std::uintmax_t>, 3>;

  Versions versions() const;
  [[nodiscard]] Status take_up();
  void judge();

  boost::asio::steady_timer timer_;
  const Options& options_;
  NodeId node_;
  MeshSessions& sessions_;
  Alarms& alarms_;
  Versions seen_;
  transport::Certificates current_;
};

}  // namespace overlay::daemon
