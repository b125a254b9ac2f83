// SPDX-License-Identifier: Apache-2.0
// Events as they come, one JSON object a line, for as long as a client listens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "overlay/base/result.h"
#include "overlay/control/event_log.h"
#include "overlay/control/http.h"

namespace overlay::control {

/// Everybody who follows one log at one door. Each holds a connection for ever, so there is a limit.
class Followers {
 public:
  explicit Followers(EventLog& log) : log_(log) {}
  /// A stream of what comes after `id`; Errc::exhausted when there are too many already.
  [[nodiscard]] Result<Response> follow(std::uint64_t id);

 private:
  class Stream;
  EventLog& log_;
  std::size_t count_ = 0;
};

}  // namespace overlay::control
