// SPDX-License-Identifier: Apache-2.0
// How a host goes from one underlay address to another without a packet lost: make before break. As long as
// it has both, the new one is announced first, then used, and the old one heard for a while longer. Pure.
#pragma once

#include <functional>
#include <optional>

#include "overlay/base/time.h"
#include "overlay/plan/intent.h"

namespace overlay::plan {

class Moving {
 public:
  /// In this time every member has heard of the new address, and lets in what comes from it.
  static constexpr Duration announce = std::chrono::seconds(3);
  /// In this time every member has heard that it is used, and sends there.
  static constexpr Duration linger = std::chrono::seconds(60);

  /// Whether this host has an address now.
  using Has = std::function<bool(const Ip&)>;

  Moving() = default;
  /// An earlier life sent from here.
  explicit Moving(Underlay from) : stand_(std::move(from)) {}

  /// Where to stand, when the way out of this host is `found` (with nothing in `also`).
  const Underlay& look(const Underlay& found, const Has& has, Time now);
  /// When to look again even if nothing changes; never, mostly.
  Time next_look() const { return due_; }

 private:
  void use(const Underlay& found, std::optional<Ip> old, Time now);

  std::optional<Underlay> stand_;
  Time due_ = Time::max();
};

}  // namespace overlay::plan
