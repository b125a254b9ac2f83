// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/data_path.h"

#include <algorithm>

namespace overlay::sim {
namespace {

/// More machines than these pass no packet on (the kernel's default TTL).
constexpr std::size_t hops_max = 64;

}  // namespace

void DataPath::attach(const Kernel& kernel, const NodeId& id) {
  vteps_[vtep_mac(id)] = kernels_.size();
  kernels_.push_back(&kernel);
}

std::optional<HostIndex> DataPath::owner_of(const Mac& vtep) const {
  const auto found = vteps_.find(vtep);
  if (found == vteps_.end()) return std::nullopt;
  return found->second;
}

// ---- packets ----

/// One machine further; who is there, if anybody is.
std::optional<HostIndex> DataPath::cross(HostIndex from, const Kernel::Hop& hop, std::size_t size,
                                         Duration& took) {
  const auto to = network_.at(hop.underlay);
  if (!to || *to >= kernels_.size() || !network_.carries(from, *to)) return std::nullopt;
  const Pair pair = std::minmax(from, *to);
  const auto narrow = narrow_.find(pair);
  const Way way = hop.direct ? Way::direct : Way::vxlan;
  if (cuts_.contains({pair, way}) || (narrow != narrow_.end() && size > narrow->second)) return std::nullopt;
  const bool strange = !hop.direct && !kernels_[*to]->admits(network_.address(from));
  if (strange) return std::nullopt;
  took += network_.latency(from, *to);
  return to;
}

/// By the routing table of who has it; what does not fit there goes in pieces.
std::optional<HostIndex> DataPath::pass_on(HostIndex at, const Ip& to, std::size_t& size, Duration& took) {
  const auto hop = kernels_[at]->next(to);
  if (!hop) return std::nullopt;
  if (hop->mtu != 0) size = std::min(size, hop->mtu);
  return cross(at, *hop, size, took);
}

bool DataPath::carry(HostIndex from, HostIndex to, const Ip& address, std::size_t size, Duration& took) {
  std::optional<HostIndex> at = from;
  for (std::size_t hops = 0; at && *at != to; ++hops) {
    at = hops == hops_max ? std::nullopt : pass_on(*at, address, size, took);
  }
  return at.has_value();
}

std::optional<Duration> DataPath::echo(HostIndex from, const node::SendProbe& probe) {
  const Mac vtep = probe.vtep.value_or(Mac());  // there is VXLAN alone
  Kernel::Hop first{.vtep = vtep, .underlay = {}, .direct = probe.neighbour.has_value(), .mtu = 0};
  const auto remote = probe.neighbour ? probe.neighbour : kernels_[from]->remote(vtep);
  if (!remote) return std::nullopt;
  first.underlay = *remote;
  Duration took{};
  std::size_t size = probe.size;
  auto at = cross(from, first, size, took);
  for (std::uint8_t hops = 1; at && !kernels_[*at]->holds(probe.destination); ++hops) {
    at = hops == probe.hops ? std::nullopt : pass_on(*at, probe.destination, size, took);
  }
  if (!at || !kernels_[from]->holds(probe.source)) return std::nullopt;
  if (!carry(*at, from, probe.source, probe.size, took)) return std::nullopt;
  return took;
}

bool DataPath::delivers(HostIndex from, HostIndex to, std::size_t size) {
  Duration took{};
  const auto address = kernels_[to]->host_address();
  return address && carry(from, to, *address, size, took);
}

std::string DataPath::loop_from(HostIndex from) const {
  for (const auto& [block, route] : kernels_[from]->routes()) {
    std::string met = host_name(from);
    std::set<HostIndex> seen;
    for (std::optional<HostIndex> at = from; at;) {
      if (!seen.insert(*at).second) return block.text() + " by " + met;
      const auto hop = kernels_[*at]->next(block.address());
      at = hop ? owner_of(hop->vtep) : std::nullopt;
      if (at) met += " " + host_name(*at);
    }
  }
  return {};
}

// ---- faults ----

void DataPath::heal(HostIndex a, HostIndex b) {
  for (const Way way : {Way::vxlan, Way::direct}) cuts_.erase({std::minmax(a, b), way});
  narrow_.erase(std::minmax(a, b));
}

void DataPath::heal_all() {
  cuts_.clear();
  narrow_.clear();
}

}  // namespace overlay::sim
