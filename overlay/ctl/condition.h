// SPDX-License-Identifier: Apache-2.0
// What `overlayctl wait --for` can wait for, and what is missing to it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/v1/control.pb.h"

namespace overlay::ctl {

struct Condition {
  enum class Kind : std::uint8_t {
    ready,   // this node can serve a CNI ADD
    synced,  // and reaches every known peer, and its kernel is as it should be
    peers,   // at least `count` peers are reachable
    path,    // the data path to the peer `name` is up
  };
  Kind kind = Kind::ready;
  std::uint32_t count = 0;
  std::string name = {};

  friend bool operator==(const Condition&, const Condition&) = default;
};

/// "ready", "synced", "peers=N", "path=NAME"; Errc::invalid otherwise.
[[nodiscard]] Result<Condition> parse_condition(std::string_view text);

/// What the daemon says; `peers` and `routes` are looked at for `synced` and, the first, for `path` only.
struct Seen {
  v1::Status status;
  v1::Peers peers;
  v1::Routes routes;
};

/// One sentence for each thing that is missing; none when the condition holds.
std::vector<std::string> missing(const Condition& condition, const Seen& seen);

}  // namespace overlay::ctl
