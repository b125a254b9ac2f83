// SPDX-License-Identifier: Apache-2.0
// One prober in virtual time, for tests and for the curve of bench/takeover: how soon it notices a silent
// cut.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "overlay/paths/prober.h"

namespace overlay::paths::test {

inline constexpr std::size_t mtu = 1450;

inline NodeId id_of(std::size_t number) {
  NodeId out;
  out.bytes[0] = static_cast<std::uint8_t>(number >> 8);
  out.bytes[1] = static_cast<std::uint8_t>(number);
  out.bytes[2] = 1;  // never zero
  return out;
}

inline std::size_t number_of(const NodeId& id) {
  return static_cast<std::size_t>(id.bytes[0]) << 8 | id.bytes[1];
}

/// One prober among many peers that answer at once, until one of them is cut off.
class Lone {
 public:
  explicit Lone(std::size_t peers, std::uint64_t seed) : prober_({}, Rng(seed)), rng_(seed) {
    prober_.set_mtu(mtu);
    for (std::size_t i = 1; i <= peers; ++i)
      prober_.put({id_of(i), static_cast<std::uint16_t>(i), false}, now_);
  }
  void send_to(std::size_t peer) { busy_ = peer; }
  /// Until everybody has been probed, and any moment more.
  void warm_up() {
    const Duration interval = Prober::interval(prober_.targets());
    run(3 * interval + rng_.between({}, interval), [] { return false; });
  }
  /// How long after the cut the prober asks for a relay.
  Duration notices_cut_to(std::size_t peer) {
    cut_ = peer;
    const Time began = now_;
    run(std::chrono::minutes(10), [this] { return !prober_.take_questions().empty(); });
    return now_ - began;
  }

 private:
  void run(Duration span, const std::function<bool()>& done) {
    for (const Time end = now_ + span; now_ < end && !done(); now_ += std::chrono::milliseconds(5)) step();
  }
  void step() {
    if (busy_ != 0 && now_ >= look_) {
      prober_.carries({id_of(busy_)}, now_);
      look_ = now_ + std::chrono::seconds(2);
    }
    if (prober_.next_deadline() <= now_) prober_.tick(now_);
    for (const Probe& probe : prober_.take_probes()) {
      if (number_of(probe.peer) != cut_) prober_.answered(probe.nonce, now_);
    }
  }

  Prober prober_;
  Rng rng_;
  Time now_{};
  Time look_{};
  std::size_t busy_ = 0;
  std::size_t cut_ = 0;
};

struct Notice {
  Duration median;
  Duration longest;
};

/// Of so many cuts at random moments.
inline Notice notice(std::size_t peers, bool busy, std::uint64_t cuts) {
  std::vector<Duration> took;
  for (std::uint64_t seed = 1; seed <= cuts; ++seed) {
    Lone lone(peers, seed);
    if (busy) lone.send_to(7);
    lone.warm_up();
    took.push_back(lone.notices_cut_to(7));
  }
  std::ranges::sort(took);
  return {took[took.size() / 2], took.back()};
}

}  // namespace overlay::paths::test
