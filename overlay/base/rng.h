// SPDX-License-Identifier: Apache-2.0
// A small seeded generator whose output is the same on every machine (std distributions are not).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "overlay/base/bytes.h"
#include "overlay/base/time.h"

namespace overlay {

/// splitmix64 (Steele, Lea, Flood 2014). Not for secrets.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [low, high].
  Duration between(Duration low, Duration high);
  /// True with probability 1/n.
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  template <class Id>
  Id bytes() {
    Id out;
    for (auto& byte : out.bytes) byte = static_cast<std::uint8_t>(next());
    return out;
  }

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace overlay
