// SPDX-License-Identifier: Apache-2.0
// What packets meet between the simulated machines: each kernel's routes, hop by hop, and faults that TCP
// does not notice. VXLAN of who is no member is dropped; a packet that is larger than a narrow path is lost.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/node/io.h"
#include "overlay/sim/kernel.h"
#include "overlay/sim/network.h"

namespace overlay::sim {

class DataPath {
 public:
  explicit DataPath(Network& network) : network_(network) {}
  /// In the order of their index.
  void attach(const Kernel& kernel, const NodeId& id);

  // ---- packets ----
  /// How long the echo request and its answer take; nothing when one of them is lost.
  std::optional<Duration> echo(HostIndex from, const node::SendProbe& probe);
  /// Whether the kernels carry a packet of this size from a pod to one on that other machine.
  bool delivers(HostIndex from, HostIndex to, std::size_t size = 100);
  /// Machines by their names in the order in which a packet of this one's meets them again and again; empty
  /// where none does.
  std::string loop_from(HostIndex from) const;

  // ---- faults ----
  enum class Way : std::uint8_t { vxlan, direct };
  /// In both directions.
  void cut(HostIndex a, HostIndex b, Way way) { cuts_.insert({std::minmax(a, b), way}); }
  void narrow(HostIndex a, HostIndex b, std::size_t size) { narrow_[std::minmax(a, b)] = size; }
  void heal(HostIndex a, HostIndex b);
  void heal_all();
  /// Nothing is wrong on the straight way in VXLAN, as far as these faults go.
  bool is_whole(HostIndex a, HostIndex b) const { return !cuts_.contains({std::minmax(a, b), Way::vxlan}); }

 private:
  using Pair = std::pair<HostIndex, HostIndex>;

  std::optional<HostIndex> cross(HostIndex from, const Kernel::Hop& hop, std::size_t size, Duration& took);
  std::optional<HostIndex> pass_on(HostIndex at, const Ip& to, std::size_t& size, Duration& took);
  bool carry(HostIndex from, HostIndex to, const Ip& address, std::size_t size, Duration& took);
  std::optional<HostIndex> owner_of(const Mac& vtep) const;

  Network& network_;
  std::vector<const Kernel*> kernels_;
  std::map<Mac, HostIndex> vteps_;
  std::set<std::pair<Pair, Way>> cuts_;
  std::map<Pair, std::size_t> narrow_;
};

}  // namespace overlay::sim
