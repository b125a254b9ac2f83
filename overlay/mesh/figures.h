// SPDX-License-Identifier: Apache-2.0
// What a node has said and heard on all its sessions, since the start: for metrics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/base/histogram.h"

namespace overlay::mesh {

/// Those that this node began.
struct Comparisons {
  std::uint64_t same = 0;       // both held the same
  std::uint64_t different = 0;  // and each got what it lacked
  std::uint64_t given_up = 0;   // the neighbour did not go on
  /// Of those that found a difference, from the beginning until this node lacked nothing.
  Histogram<8> seconds{{0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}};
};

struct Figures {
  std::uint64_t sent_bytes = 0;  // of frames, whatever they say
  std::uint64_t heard_bytes = 0;
  std::uint64_t news = 0;     // records that were new here, as they were spread
  std::uint64_t repairs = 0;  // records that were new here, and that a comparison has brought
  std::uint64_t known = 0;    // records that came though they were held
  std::vector<std::pair<std::string_view, std::size_t>> records;  // held, by kind
  Comparisons comparisons;
};

}  // namespace overlay::mesh
