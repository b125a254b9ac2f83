// SPDX-License-Identifier: Apache-2.0
// Finds out whether checksums may be left to what is below overlay.vx (plan/checksums.h), and says so when
// not.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "overlay/base/rng.h"
#include "overlay/daemon/alarms.h"
#include "overlay/daemon/options.h"
#include "overlay/plan/checksums.h"
#include "overlay/plan/intent.h"

namespace overlay::daemon {

class ChecksumKeeper {
 public:
  /// `changed` is called when may_offload() has.
  ChecksumKeeper(boost::asio::io_context& io, ChecksumOffload mode, Alarms& alarms, Rng rng,
                 std::function<void()> changed)
      : io_(io), mode_(mode), alarms_(alarms), rng_(rng), changed_(std::move(changed)), timer_(io) {}

  bool may_offload() const { return mode_ != ChecksumOffload::off && !bad_; }
  /// The kernel is about to be made this. A test that was decided is taken back when the underlay address has
  /// changed: another device may be below.
  void need(const plan::Intent& intent);
  /// It is. Tests, by one of the peers, until that is decided.
  void programmed();

 private:
  struct Datagram {
    explicit Datagram(boost::asio::io_context& io) : socket(io) {}
    boost::asio::ip::udp::socket socket;
    bool answered = false;
    char unused = 0;
  };

  void round();
  std::shared_ptr<Datagram> send(bool summed_by_kernel);
  void end_round();
  void decide(bool bad);

  boost::asio::io_context& io_;
  ChecksumOffload mode_;
  Alarms& alarms_;
  Rng rng_;
  std::function<void()> changed_;
  boost::asio::steady_timer timer_;
  std::optional<Ip> underlay_;  // that was tested, or is
  bool running_ = false;
  bool decided_ = false;
  bool bad_ = false;
  std::optional<Ip> peer_;  // an address of its host
  plan::ChecksumTest test_;
  std::shared_ptr<Datagram> left_below_;
  std::shared_ptr<Datagram> summed_;
};

}  // namespace overlay::daemon
