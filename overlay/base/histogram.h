// SPDX-License-Identifier: Apache-2.0
// Values by their size, counted.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace overlay {

/// How many values lie at or below each bound and above the one before it; the last count is of what is above
/// all.
template <std::size_t N>
struct Histogram {
  std::array<double, N> bounds{};
  std::array<std::uint64_t, N + 1> counts{};
  double sum = 0;

  void add(double value) {
    const auto at = std::ranges::lower_bound(bounds, value) - bounds.begin();
    ++counts[static_cast<std::size_t>(at)];
    sum += value;
  }
};

}  // namespace overlay
