// SPDX-License-Identifier: Apache-2.0
// Runs the core: feeds it inputs with the time, makes durable what it wants remembered, then carries out its
// effects.
//
// All inputs of one turn of the event loop share one sync (group commit): each output's entries are kept
// until the end of the turn, written and synced together, and only then are the effects carried out, in their
// order. What is not urgent is written at once too, which the death of this process cannot undo, and synced
// within a second, as the death of the machine could.
//
// A full disk stops everything that follows from the entries that do not fit: effects wait, in order, until
// they do; the write is tried again every second. Forwarding is the kernel's and goes on.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "overlay/daemon/clock.h"
#include "overlay/node/node.h"
#include "overlay/store/store.h"

namespace overlay::daemon {

/// The disk takes nothing any more.
struct Stall {
  Error error;
  Time since;
};

class Driver {
 public:
  using CarryOut = std::function<void(node::Effect)>;

  /// `carry_out` is called from the event loop, never from within feed().
  Driver(boost::asio::io_context& io, std::unique_ptr<node::Node> node, store::Store store,
         CarryOut carry_out);

  /// One input: `input(node, now)` calls one of the node's inputs; what that returns is returned.
  template <class Input>
  auto feed(Input&& input) {
    const Collector collector{*this};
    return std::forward<Input>(input)(*node_, now());
  }

  /// For looking only.
  const node::Node& node() const { return *node_; }
  /// Why nothing that must be remembered can be done now, if so.
  const std::optional<Stall>& stall() const { return stall_; }
  /// `told` is called when that begins.
  void on_stall(std::function<void(const Error&)> told) { on_stall_ = std::move(told); }
  /// `send` is called within feed(): probes wait for no disk.
  void on_probe(std::function<void(const node::SendProbe&)> send) { on_probe_ = std::move(send); }
  /// `hear` is called before each tick, to feed what has come by then: no answer is late for want of a look.
  void before_tick(std::function<void()> hear) { before_tick_ = std::move(hear); }
  /// Makes durable what is pending; afterwards nothing more is fed or carried out.
  void stop();

 private:
  /// Takes the output even when the input has a value to return.
  struct Collector {
    Driver& driver;
    ~Collector() { driver.collect(); }
  };

  void collect();
  void flush();
  bool commit();
  void sync_soon();
  void wait_for_room(const Error& error);
  void compact_if_worthwhile();
  void arm();

  boost::asio::io_context& io_;
  std::unique_ptr<node::Node> node_;
  store::Store store_;
  CarryOut carry_out_;
  bool stopped_ = false;

  // What was taken from the core and is still to be done.
  std::vector<Bytes> entries_;
  bool urgent_ = false;
  std::vector<node::Effect> effects_;
  bool flush_posted_ = false;

  std::optional<Stall> stall_;
  std::function<void(const Error&)> on_stall_;
  std::function<void(const node::SendProbe&)> on_probe_;
  std::function<void()> before_tick_;
  boost::asio::steady_timer retry_;
  boost::asio::steady_timer deadline_;
  std::optional<Time> armed_;
  boost::asio::steady_timer late_sync_;
  bool will_sync_ = false;
};

}  // namespace overlay::daemon
