// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

#include "overlay/base/time.h"

namespace overlay::sim {

/// How long a connection to nobody is tried, as the transport has it.
inline constexpr auto connect_timeout = std::chrono::seconds(5);

/// How long so many bytes take at 1 Gbit/s.
inline Duration wire_time(std::size_t bytes) { return std::chrono::microseconds(bytes * 8 / 1000); }

}  // namespace overlay::sim
