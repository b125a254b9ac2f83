// SPDX-License-Identifier: Apache-2.0
// What the probes of all ways in use have shown together, since the start: for metrics.
#pragma once

#include <cstdint>

#include "overlay/base/histogram.h"

namespace overlay::paths {

struct Figures {
  std::uint64_t probes = 0;  // sent, whatever the way and the size
  std::uint64_t lost = 0;    // of these, not answered in time
  Histogram<11> rtt{{0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1}};  // seconds
  /// What a path has lost of its last probes, 0 to 1, each time one more was answered or lost.
  Histogram<6> loss{{0, 0.05, 0.1, 0.25, 0.5, 0.99}};
};

}  // namespace overlay::paths
