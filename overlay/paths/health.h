// SPDX-License-Identifier: Apache-2.0
// What the probes of one path have shown: does it work, how fast, how much is lost, and which size still
// passes. Pure; the caller decides when a probe is due.
//
//   unknown --an answer--> up --three lost in a row--> down --three answers in a row--> up
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "overlay/base/time.h"

namespace overlay::paths {

enum class State : std::uint8_t { unknown, up, down };
/// "up", "down" or "unknown".
const char* name(State state);

class Health {
 public:
  static constexpr int in_a_row = 3;
  /// An answer is awaited this long at least, and this long at most where a path is slow or not known.
  static constexpr Duration timeout_min = std::chrono::milliseconds(500);
  static constexpr Duration timeout_max = std::chrono::seconds(2);
  /// One probe in so many is of full size; while a size is searched for, every other one is sized.
  static constexpr int full_every = 10;
  /// What IPv6 asks of every path (RFC 8200): tried first when the full size does not pass.
  static constexpr std::size_t likely_size = 1280;

  /// Sizes of IP packets: what every path must carry, and what the devices do.
  Health(std::size_t small, std::size_t full) : small_(small), full_(full), good_(small) {}

  /// The devices' size has changed.
  void set_full(std::size_t full);

  /// The size that the next probe should have.
  std::size_t next_size();
  void sent(std::uint64_t nonce, std::size_t size, Time now);
  /// How long that took; nothing when the nonce is none of those awaited.
  std::optional<Duration> answered(std::uint64_t nonce, Time now);
  /// Counts what was awaited for too long, and returns how many. Call after what has arrived was given to
  /// answered().
  std::size_t expire(Time now);
  /// When expire() should be called next.
  std::optional<Time> next_expiry() const;

  State state() const { return state_; }
  Time since() const { return since_; }
  /// When the newest probe that was answered was sent.
  Time confirmed() const { return confirmed_; }
  /// Lost in a row, until now.
  int misses() const { return misses_; }
  /// It looks as if the state, or the size that passes, were about to change: worth another probe soon.
  bool is_in_doubt() const;
  /// Smoothed (RFC 6298); nothing before the first answer since it was down.
  std::optional<Duration> rtt() const { return rtt_; }
  /// Of the last 32 small probes, 0 to 1.
  double loss() const;
  /// The devices' size does not pass, and smaller ones do.
  bool is_black_hole() const { return bad_ != 0; }
  /// The largest size seen to pass of a path that is a black hole; it rises while the search goes on.
  std::size_t passes() const { return good_; }
  /// passes() is the last word on it.
  bool is_measured() const { return !searching(); }

 private:
  struct Probe {
    std::uint64_t nonce;
    std::size_t size;
    Time sent;
  };

  void hit(const Probe& probe, Time now);
  void miss(const Probe& probe, Time now);
  void miss_sized(std::size_t size);
  void become(State state, Time now);
  bool searching() const { return bad_ != 0 && bad_ - good_ > 1; }
  Duration timeout() const;

  std::size_t small_;
  std::size_t full_;
  std::vector<Probe> open_;  // the oldest first; a few
  State state_ = State::unknown;
  Time since_{};
  Time confirmed_{};
  int hits_ = 0;
  int misses_ = 0;
  std::uint32_t lost_ = 0;  // a bit each, the newest lowest
  int counted_ = 0;
  std::optional<Duration> rtt_;
  std::size_t good_;      // the largest that passed
  std::size_t bad_ = 0;   // the smallest that did not; 0: none is known
  int sized_misses_ = 0;  // in a row
  int until_sized_ = 1;
  bool test_good_ = false;
};

}  // namespace overlay::paths
