// SPDX-License-Identifier: Apache-2.0
// Our devices as the kernel has them: their indices, and whether they are ours at all.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "overlay/kernel/netlink.h"
#include "overlay/plan/objects.h"

namespace overlay::kernel {

/// Interface indices; 0 for a device that is not there.
class Indices {
 public:
  int of(plan::Device device) const { return index_[slot(device)]; }
  void set(plan::Device device, int index) { index_[slot(device)] = index; }
  /// Which of ours has this index, if any.
  std::optional<plan::Device> at(int index) const;

 private:
  static std::size_t slot(plan::Device device) { return static_cast<std::size_t>(device); }
  std::array<int, plan::devices.size()> index_{};
};

/// A device that carries one of our names, or did when we made it.
struct FoundLink {
  int index = 0;
  std::string kind;  // IFLA_INFO_KIND; empty for hardware, "tun" for one of wireguard-go
  plan::Link link;
};

/// By its name; else by our alias, for somebody may have renamed it (Link::renamed). Nothing when there is
/// neither.
[[nodiscard]] Result<std::optional<FoundLink>> find_link(Socket& socket, plan::Device device);

/// True for a device of the right kind (as the name asks) that carries our alias, of whatever cluster.
bool is_ours(const FoundLink& found);

/// Whether the found device is the one `wanted` describes: of the right kind and with our cluster's alias, or
/// without one but with our MAC (we were killed between making and marking it). Otherwise Errc::conflict.
[[nodiscard]] Status claim(const FoundLink& found, const plan::Link& wanted);

}  // namespace overlay::kernel
