// SPDX-License-Identifier: Apache-2.0
// What goes wrong in a run, and how often: each kind strikes at random moments and undoes itself after a
// while.
#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>

#include "overlay/base/result.h"
#include "overlay/sim/world.h"

namespace overlay::sim {

enum class Fault : std::uint8_t {
  partition,    // the machines in two groups, nothing passes between them
  one_way,      // one direction of one pair
  kill,         // kill -9 of a daemon, now or between two of its effects
  power,        // the plug of a machine
  reset,        // one session
  slow_link,    // seconds of latency between two machines
  slow_disk,    // syncs of up to a second
  freeze,       // a machine stands still
  kernel,       // netlink refuses every other time
  move,         // another underlay address
  hostile,      // a member that was taken over lies to a machine
  flush,        // somebody takes a kernel's routes away
  disk_full,    // nothing more can be written
  sync_error,   // the disk cannot make durable what was written
  rollback,     // a machine falls back to an older image of its disk
  copy,         // a machine comes up with a copy of another's disk, or of all of it
  path,         // the data path between two machines, cut or narrowed where TCP does not notice
  drain,        // an operator wants no new pods on a machine for a while
  leave,        // a machine is told to leave the cluster; it comes back empty
  slow_reader,  // a machine takes a few kilobytes a second of each session
};
inline constexpr std::size_t fault_kinds = 20;

/// "partition", "one-way", …
std::string_view name(Fault fault);

using Faults = std::set<Fault>;
/// "none", "all", or names separated by commas; Errc::invalid names the unknown one and those there are.
[[nodiscard]] Result<Faults> parse_faults(std::string_view list);
/// Each kind with a chance of one half: most trouble is found where few kinds meet often. Without `path`,
/// whose probes make a run many times longer.
Faults draw_faults(Rng& rng);

/// Makes the trouble of one run.
class Trouble {
 public:
  Trouble(World& world, const Faults& kinds, Rng rng);

  /// From now on each kind strikes, and the orchestrator starts and stops containers.
  void begin();
  /// No new trouble; what there is, is undone.
  void end();

 private:
  void schedule(Fault kind);
  void schedule_act(HostIndex host);
  void strike(Fault kind);
  void undo(Duration least, Duration most, std::function<void()> action);
  HostIndex any() { return rng_.below(world_.size()); }
  std::pair<HostIndex, HostIndex> any_pair();
  void partition();
  void stop_host(bool power);
  void lie();
  void spoil_path(HostIndex a, HostIndex b);
  void move();
  void roll_back();
  void copy();
  std::vector<std::set<NodeId>> voters() const;
  bool may_lapse(const NodeId& node);
  void drain();
  void leave();
  std::size_t leaving() const;
  bool has_twins() const;

  World& world_;
  Rng rng_;
  std::vector<std::pair<Fault, Duration>> kinds_;  // with the mean time between two strikes
  Duration act_every_;
  std::set<NodeId> fallen_;   // voters whose disk may be behind
  std::set<NodeId> leaving_;  // told to
  std::uint64_t round_ = 0;   // what was scheduled in an earlier one is void
};

}  // namespace overlay::sim
