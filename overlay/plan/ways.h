// SPDX-License-Identifier: Apache-2.0
// Which ways a kernel leads packets, read back from its objects: the reverse of what desired() makes of
// Peer::way, for a daemon that starts again above a kernel that went on. Peers are named by their VTEPs,
// which are the same in every life; an encrypted overlay has none, and there it is blocks that are named.
// Pure.
#pragma once

#include <map>
#include <optional>

#include "overlay/addr/prefix.h"
#include "overlay/plan/objects.h"

namespace overlay::plan {

/// As Way, in a kernel's words.
struct FoundWay {
  std::optional<Mac> relay;
  bool direct = false;
  std::uint32_t mtu = 0;

  friend bool operator==(const FoundWay&, const FoundWay&) = default;
};
/// Which peer has the packets of a block, and gives those from there: its owner, or a relay.
struct FoundBlock {
  Ip tunnel_address;
  std::uint32_t mtu = 0;

  friend bool operator==(const FoundBlock&, const FoundBlock&) = default;
};
struct FoundWays {
  std::map<Mac, FoundWay> peers;
  std::map<Prefix, FoundBlock> blocks;  // where packets are encrypted

  bool empty() const { return peers.empty() && blocks.empty(); }
  friend bool operator==(const FoundWays&, const FoundWays&) = default;
};

/// Peers whose packets simply go in VXLAN to their own address are left out. The lists must be sorted.
FoundWays ways_in(const Objects& kernel);

}  // namespace overlay::plan
