// SPDX-License-Identifier: Apache-2.0
// Keeps the kernel as the core wants it, and the core informed of the underlay. A pass (observe, compare,
// apply) runs when the core's intent changes, when the kernel tells of changes, every 30 seconds anyway, and
// again with growing pauses after a failure.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <functional>
#include <optional>

#include "overlay/base/rng.h"
#include "overlay/daemon/alarms.h"
#include "overlay/daemon/checksum_keeper.h"
#include "overlay/daemon/driver.h"
#include "overlay/daemon/options.h"
#include "overlay/daemon/other_firewalls.h"
#include "overlay/kernel/events.h"
#include "overlay/kernel/host.h"
#include "overlay/kernel/kernel.h"
#include "overlay/plan/moving.h"

namespace overlay::daemon {

/// This host's network, as the daemon holds it from its first look on.
struct Host {
  kernel::Kernel kernel;
  kernel::Socket socket;
  kernel::Events events;
  std::optional<Ip> wanted_underlay;  // --underlay-address
  std::optional<plan::Underlay> underlay;
  plan::Moving moving;  // from one underlay address to another
};

/// Looks where this host stands: at the default route, or the wanted address.
[[nodiscard]] Result<plan::Underlay> look_at_underlay(Host& host, Time now);

class KernelKeeper {
 public:
  KernelKeeper(boost::asio::io_context& io, const Options& options, Host host, Driver& driver, Alarms& alarms,
               Rng rng);
  ~KernelKeeper();

  /// `told` is called when the address this host stood at is gone and another one takes its place.
  void on_address_lost(std::function<void(const Ip&)> told) { on_address_lost_ = std::move(told); }
  /// `told` is called with the index of a pod's interface that is gone.
  void on_port_gone(std::function<void(int)> told) { on_port_gone_ = std::move(told); }
  /// Tells the core of the underlay, and starts.
  void start();
  /// The intent has changed. What is wanted for a few peers is written at once; all else waits for a pass, of
  /// which several requests within one turn of the loop make one; what is not urgent waits for the rest of a
  /// burst.
  void request(const node::ReconcileKernel& wanted = {});

  /// Tells the core which interfaces there are.
  void look_at_interfaces();

  /// Where this host stands, as seen last.
  const std::optional<plan::Underlay>& underlay() const { return host_.underlay; }
  /// What the kernel holds of ours.
  [[nodiscard]] Result<plan::Objects> observe();
  /// Removes all of it for good: no pass follows.
  [[nodiscard]] Status teardown();

 private:
  using News = boost::asio::posix::stream_descriptor;

  void wait_for_events(News& news);
  void hear_events();
  void look_at_underlay();
  void schedule(std::chrono::steady_clock::time_point due);
  bool update(const std::vector<NodeId>& peers);
  void pass();
  void let_neighbours_in(const plan::Intent& intent);
  void tell_fights();
  [[nodiscard]] Status reconcile(plan::Intent intent);
  [[nodiscard]] Status check_first_time(const plan::Intent& intent);

  Host host_;
  bool direct_routes_;
  std::filesystem::path reverse_path_note_;
  std::function<void(const Ip&)> on_address_lost_;
  std::function<void(int)> on_port_gone_;
  OtherFirewalls firewalls_;
  ChecksumKeeper checksums_;
  Driver& driver_;
  Alarms& alarms_;
  Rng rng_;
  std::array<News, 2> news_;
  boost::asio::steady_timer timer_;
  std::optional<std::chrono::steady_clock::time_point> due_;
  std::chrono::steady_clock::time_point not_before_;
  std::chrono::steady_clock::duration backoff_;
  bool programmed_ = false;
  bool torn_down_ = false;
};

}  // namespace overlay::daemon
