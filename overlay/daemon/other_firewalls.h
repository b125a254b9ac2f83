// SPDX-License-Identifier: Apache-2.0
// Watches this host's other firewalls: raises an alarm, with the cure, where one stands in the overlay's way,
// or opens it where the operator said so (--open-forward).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "overlay/daemon/alarms.h"
#include "overlay/kernel/netlink.h"
#include "overlay/kernel/nft.h"
#include "overlay/plan/intent.h"
#include "overlay/plan/obstacles.h"

namespace overlay::daemon {

class OtherFirewalls {
 public:
  OtherFirewalls(boost::asio::io_context& io, Alarms& alarms, bool open_forward)
      : alarms_(alarms), open_forward_(open_forward), timer_(io) {}

  /// What the overlay needs of them; looks for the first time, and from then on every half minute.
  void need(const plan::Intent& intent);
  /// One of them has changed: looks soon.
  void hear();
  /// Takes back what was opened, for good.
  [[nodiscard]] Status close();

 private:
  struct Needs {
    std::vector<Prefix> pools;
    Family underlay = Family::v4;
    std::string device;  // the tunnel
    std::uint16_t port = 0;
    bool peers = false;
  };

  void look_after(std::chrono::steady_clock::duration pause);
  [[nodiscard]] Status look();
  [[nodiscard]] Status open(const std::vector<plan::ForeignChain>& chains);
  /// Nothing has come in by the tunnel for a while.
  bool is_silent(const std::string& obstacle);

  Alarms& alarms_;
  bool open_forward_;
  boost::asio::steady_timer timer_;
  std::optional<Needs> needs_;
  bool closed_ = false;
  bool opened_none_yet_ = true;
  std::optional<std::uint64_t> received_;  // packets, when an obstacle was first seen
  std::chrono::steady_clock::time_point suspected_;
};

}  // namespace overlay::daemon
