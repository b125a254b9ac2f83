// SPDX-License-Identifier: Apache-2.0
// A block record: who owns one aligned prefix of the pool, since which epoch.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "overlay/addr/prefix.h"
#include "overlay/base/bytes.h"

namespace overlay::ipam {

/// Orders all changes of ownership: the decree in force when it was made, then the seat's own sequence.
struct Epoch {
  std::uint64_t term = 0;  // index of the decree
  std::uint64_t seq = 0;

  /// "3.17"
  std::string text() const { return std::to_string(term) + "." + std::to_string(seq); }
  friend auto operator<=>(const Epoch&, const Epoch&) = default;
};

enum class BlockState : std::uint8_t {
  owned = 1,       // `owner` leases addresses from it
  free = 2,        // returned to its seat
  quarantine = 3,  // taken back from a removed node; reused only later
};

/// Written and signed by the voter that holds `seat`; for one prefix the highest epoch is the truth.
struct BlockRecord {
  Prefix prefix;
  Epoch epoch;
  std::uint32_t seat = 0;
  BlockState state = BlockState::owned;
  NodeId owner;        // zero unless owned
  RequestId request;   // which request it answers; zero unless owned
  Bytes release = {};  // free: the signed word of the owner that gave it up; empty when there was none

  friend bool operator==(const BlockRecord&, const BlockRecord&) = default;
};

}  // namespace overlay::ipam
