// SPDX-License-Identifier: Apache-2.0
// Thousands of machines with the real core under virtual time, to see how it scales. Their disks, kernels and
// daemons never fail, so they need not be simulated; the network has latency, order, and can be cut in two.
// What is checked is checked as it happens: no block and no address has two owners.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "overlay/node/node.h"
#include "overlay/sim/crowd_queue.h"
#include "overlay/sim/interner.h"

namespace overlay::sim {

using MachineIndex = std::uint32_t;

/// One machine, and what is counted of it.
struct Machine {
  std::unique_ptr<node::Node> node;  // null before its start
  KeyPair identity;
  std::uint32_t address = 0;  // its place in 100.64.0.0/10
  bool leased = false;        // its ADD has been answered
  bool asked = false;
  bool reconciling = false;
  Time tick_at = Time::max();
  Time reconciled;      // last
  Time kernel_changed;  // when it last wanted to change its kernel
  std::uint64_t sent_bytes = 0;
  std::int64_t window = -1;          // the second in which…
  std::uint64_t in_window = 0;       // …so many bytes were sent, and
  std::uint64_t most_in_window = 0;  // the most in any
  std::map<mesh::SessionId, std::uint32_t> links;
};

class Crowd {
 public:
  Crowd(std::uint64_t seed, std::size_t machines);

  // ---- time ----
  Time time() const { return queue_.time(); }
  void run(Duration span);
  std::uint64_t events() const { return events_; }

  // ---- machines ----
  std::size_t size() const { return machines_.size(); }
  const Machine& machine(MachineIndex index) const { return machines_[index]; }
  /// The first founds a cluster now, the others join it at times drawn from `span`.
  void start_all(Duration span);
  /// It moves to another address, which changes its record.
  void renumber(MachineIndex index);
  /// Those with odd numbers can no longer talk to those with even ones.
  void split() { split_ = true; }
  void heal() { split_ = false; }
  /// Counts the most bytes in a second anew.
  void forget_peaks();

  /// The first thing that was not as it must be; empty: nothing.
  const std::string& broken() const { return broken_; }

 private:
  using Event = CrowdEvent;
  /// A connection, or an attempt at one. Side 0 has dialled.
  struct Link {
    MachineIndex machine[2];
    mesh::SessionId session[2];
    Time not_before[2];  // what is said to this side arrives no sooner
    bool open[2];
  };

  void handle(Event event);
  void start(MachineIndex index);
  void call(std::uint32_t link);
  void tick(MachineIndex index);
  void reconcile(MachineIndex index);
  void gather(MachineIndex index);
  void schedule(MachineIndex index);
  void lease(MachineIndex index);
  bool apart(const Link& link) const;
  Duration latency(MachineIndex a, MachineIndex b);
  Event event(Event::What what, std::uint32_t link, int side) const;
  void send_on(std::uint32_t link, int to, Event event, Duration extra = {});
  node::Config config_of(MachineIndex index);
  Ip address(MachineIndex index) const;

  void carry_out(MachineIndex from, node::Dial& dial);
  void carry_out(MachineIndex from, node::Send& send);
  void carry_out(MachineIndex from, node::Close& close);
  void carry_out(MachineIndex from, node::Admit& admit);
  void carry_out(MachineIndex from, node::ReconcileKernel& reconcile);
  void carry_out(MachineIndex from, node::Answer& answer);
  void carry_out(MachineIndex from, node::Event& event);
  void carry_out(MachineIndex from, node::Rekey& rekey);
  void carry_out(MachineIndex from, node::Left& left);

  CrowdQueue queue_;
  Rng rng_;
  Interner interner_;
  std::vector<Machine> machines_;
  std::vector<Link> links_;
  bool split_ = false;
  std::uint64_t events_ = 0;
  std::map<std::string, MachineIndex> block_owners_;
  std::map<Ip, MachineIndex> address_owners_;
  std::string broken_;
};

}  // namespace overlay::sim
