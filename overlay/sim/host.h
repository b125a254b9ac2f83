// SPDX-License-Identifier: Apache-2.0
// One simulated machine: its disk, its kernel, its containers, and the real core in place of the daemon.
//
// It carries out what the core asks for as the daemon does: entries to disk first, effects when the disk says
// they are safe, in their order. A crash loses what was not.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "overlay/node/node.h"
#include "overlay/sim/data_path.h"
#include "overlay/sim/disk.h"
#include "overlay/sim/event_queue.h"
#include "overlay/sim/invariants.h"
#include "overlay/sim/network.h"
#include "overlay/sim/runtime.h"
#include "overlay/wire/log_entry.h"

namespace overlay::sim {

/// What all machines of a run share.
struct Shared {
  EventQueue& queue;
  Network& network;
  Invariants& invariants;
  Log& log;
  Verdict& verdict;
  DataPath* data_path;  // null: there is none
};

/// The machines of one network reach each other without a router.
inline Prefix subnet_of(const Ip& address) { return Prefix::around(address, 24); }

/// How ill a machine's own parts behave; the faults turn it.
struct Temper {
  Duration sync_least = std::chrono::microseconds(100);
  Duration sync_most = std::chrono::milliseconds(4);
  std::uint64_t kernel_fails_one_in = 0;  // reconciliations; 0: none
  std::uint64_t compact_one_in = 40;      // syncs
  bool disk_full = false;
  bool sync_fails = false;
};

class Host final : public Station {
 public:
  Host(HostIndex index, Shared shared, node::Config config, std::uint64_t seed, std::size_t most_containers);

  // ---- its life ----
  /// Powers up what is not powered, starts the daemon if it does not run.
  void start();
  /// kill -9: kernel and containers stay.
  void kill();
  /// As kill(), but right before its `effects`-th effect from now: between two things that belong together.
  void kill_after(std::uint64_t effects) { effects_left_ = effects; }
  void kill_never() { effects_left_.reset(); }
  /// The plug is pulled: kernel and containers are gone, and nobody says goodbye.
  void power_off();
  // ---- its disk in other hands ----
  /// What a copy made now would hold.
  Image image() const;
  /// Its daemon must be off. From an image of its own: its disk falls back to it. From another's: it is a
  /// copy.
  void restore(const Image& image);
  /// As a copy of a running machine, memory and all: it will not know that it was started anew, or elsewhere.
  void resume_as(const Host& other) {
    resumed_ = other.config_.instance;
    config_.binding = other.config_.binding;
  }
  /// Stopped in the middle of everything until then (a paused virtual machine); what comes waits.
  void freeze(Time until);
  /// Somebody took its routes away (a link set down, a flush): the daemon is told at once.
  void flush_kernel();
  /// Its address on the underlay is another one now.
  void underlay_changed();

  /// One more --join, from the next start on.
  void join(const HostPort& target) { config_.join.push_back(target); }
  void set_join(const std::vector<HostPort>& targets) { config_.join = targets; }

  bool running() const { return node_ != nullptr; }
  node::View view() const { return node_->view(clock()); }
  std::optional<plan::Intent> intent() const { return node_->intent(); }
  const Kernel& kernel() const { return kernel_; }
  Runtime& runtime() { return runtime_; }
  const Runtime& runtime() const { return runtime_; }
  /// Makes the calls of the runtime that are due; needed after each change to it from outside.
  void poke_runtime();
  /// As an alarm tells the operator: those that the daemon has forgotten.
  void start_pods_anew();
  /// An operator's verb of the local API, and what it was answered with so far.
  using Order = std::function<void(node::Node&, node::CallId, Time)>;
  node::CallId ask(const Order& order);
  const std::map<node::CallId, Status>& answers() const { return answers_; }
  /// An operator wants no new pods here; `on` false: that ends.
  void drain(bool on);
  /// An operator wants it out of the cluster. It comes back as a new machine, a while after it has left.
  void leave(bool at_once);
  bool leaves() const { return running() && node_->view(clock()).leaving; }
  Temper& temper() { return temper_; }
  const NodeId& id() const { return id_; }
  const KeyPair& identity() const { return identity_; }
  /// Puts a record on its disk, before its first start.
  void remember(const wire::Record& record);

  // ---- Station ----
  bool powered() const override { return powered_; }
  bool listening() const override { return running(); }
  bool settled() const override {
    return pending_.empty() && unwritten_.empty() && queue().time() >= frozen_until_;
  }
  void accept(const Endpoint& remote, const std::function<void(mesh::SessionId)>& named) override;
  void connected(mesh::SessionId session, const Endpoint& remote) override;
  void received(mesh::SessionId session, std::string_view frame) override;
  void written(mesh::SessionId session, std::size_t bytes) override;
  void closed(mesh::SessionId session, const Error& reason) override;

 private:
  /// An output whose effects wait until `entries` entries are durable; its own end at `written`.
  struct Pending {
    std::size_t entries;
    std::size_t written;
    std::deque<node::Effect> effects;
  };

  EventQueue& queue() const { return shared_.queue; }
  /// Time since this machine was switched on, which is all the core is told.
  Time clock() const { return Time(queue().time() - switched_on_); }
  void log(std::string_view what, std::string_view text = {}) {
    shared_.log.add(queue().time(), index_, what, text);
  }
  /// Runs `action` now, or when the machine thaws; never in another life than this one.
  void in_this_life(std::function<void()> action);
  void thaw();
  void later(Duration delay, std::function<void()> action);
  template <class Input>
  void step(Input input) {
    input(*node_);
    gather();
  }

  void stop();
  void abort();
  void gather();
  void check_told(const node::Output& output);
  void write();
  void sync();
  void sync_soon();
  void begin_sync();
  void synced(std::size_t entries);
  void release();
  void schedule_tick();
  void observe();
  void report_durable();

  void carry_out(const node::Dial& effect);
  void carry_out(const node::Send& effect);
  void carry_out(const node::Admit& effect);
  void carry_out(const node::Close& effect);
  void carry_out(const node::ReconcileKernel& effect);
  void carry_out(const node::Answer& effect);
  void carry_out(const node::Event& effect);
  void carry_out(const node::Rekey& effect);
  void carry_out(const node::Left& effect);
  void close();
  void begin_anew();
  void become_another(const std::vector<Bytes>& entries);
  void start_later(Duration delay);

  void send(const node::SendProbe& probe);
  void begin_reconcile();
  void reconcile_always();
  void look_at_interfaces();
  void reconcile();
  void make_calls();
  std::set<ipam::LeaseKey> attachments() const;
  void call(const Request& request);

  HostIndex index_;
  Shared shared_;
  node::Config config_;
  KeyPair identity_;
  NodeId id_;
  Rng rng_;
  Temper temper_;
  Disk disk_;
  Kernel kernel_;
  Runtime runtime_;

  std::map<node::CallId, Status> answers_;
  node::CallId last_order_ = std::uint64_t{1} << 32;  // above the runtime's calls

  std::set<node::CallId> closing_;                  // calls that end the taking of pods
  std::vector<ipam::BlockRecord> owed_;             // what it had when it was told to leave
  std::optional<std::set<ipam::LeaseKey>> closed_;  // one was done; what was leased then

  bool powered_ = false;
  std::optional<Nonce> resumed_;
  Time switched_on_;
  Time frozen_until_;
  std::deque<std::function<void()>> held_;  // what came while it was frozen
  std::uint64_t life_ = 0;                  // rises with each end of the daemon
  std::unique_ptr<node::Node> node_;
  std::optional<plan::Intent> told_;    // what the kernel was last said to have to hold
  std::deque<node::Output> unwritten_;  // there is no room for what the first of them has to write
  std::deque<Pending> pending_;
  std::size_t written_ = 0;   // entries that are in the file for certain, durable or not
  std::size_t reported_ = 0;  // durable entries the invariants have been told of
  bool syncing_ = false;
  bool will_sync_ = false;  // what nobody waits for
  bool reconciling_ = false;
  bool reconcile_again_ = false;
  bool changed_ = false;  // since the last look of the invariants
  std::optional<std::uint64_t> effects_left_;
  Time tick_at_ = Time::max();
  Time calls_at_ = Time::max();
};

}  // namespace overlay::sim
