// SPDX-License-Identifier: Apache-2.0
#include "overlay/paths/health.h"

#include <algorithm>
#include <bit>

namespace overlay::paths {
namespace {

constexpr int history = 32;

}  // namespace

const char* name(State state) {
  constexpr const char* names[] = {"unknown", "up", "down"};
  return names[static_cast<std::size_t>(state)];
}

void Health::set_full(std::size_t full) {
  if (full == full_) return;
  full_ = full;
  good_ = small_;
  bad_ = 0;
  sized_misses_ = 0;
  until_sized_ = 1;
}

/// Small ones first: a path that is not up says nothing about sizes.
std::size_t Health::next_size() {
  if (state_ != State::up || misses_ > 0 || --until_sized_ > 0) return small_;
  const bool soon = searching() || sized_misses_ > 0 || (bad_ == 0 && good_ < full_);
  until_sized_ = soon ? 2 : full_every;
  if (searching()) return good_ < likely_size && likely_size < bad_ ? likely_size : (good_ + bad_) / 2;
  // What is known to pass may have ceased to, what is known not to may pass again.
  test_good_ = bad_ != 0 && !test_good_;
  return test_good_ ? good_ : full_;
}

void Health::sent(std::uint64_t nonce, std::size_t size, Time now) { open_.push_back({nonce, size, now}); }

std::optional<Duration> Health::answered(std::uint64_t nonce, Time now) {
  const auto probe = std::ranges::find(open_, nonce, &Probe::nonce);
  if (probe == open_.end()) return std::nullopt;
  const Probe found = *probe;
  open_.erase(probe);
  hit(found, now);
  return now - found.sent;
}

void Health::hit(const Probe& probe, Time now) {
  const Duration sample = now - probe.sent;
  rtt_ = rtt_ ? (7 * *rtt_ + sample) / 8 : sample;
  confirmed_ = std::max(confirmed_, probe.sent);
  if (probe.size > small_) {
    sized_misses_ = 0;
    good_ = std::max(good_, probe.size);
    if (bad_ <= good_) bad_ = 0;
    return;
  }
  lost_ <<= 1;
  counted_ = std::min(counted_ + 1, history);
  misses_ = 0;
  ++hits_;
  if (state_ == State::unknown || (state_ == State::down && hits_ >= in_a_row)) become(State::up, now);
}

std::size_t Health::expire(Time now) {
  std::size_t expired = 0;
  for (; !open_.empty() && now - open_.front().sent >= timeout(); ++expired) {
    const Probe probe = open_.front();
    open_.erase(open_.begin());
    miss(probe, now);
  }
  return expired;
}

/// A later one that was answered says more: what is in doubt is asked more often than answers are awaited,
/// and a relay's first answer comes when the other end takes it too, after some that were lost.
void Health::miss(const Probe& probe, Time now) {
  if (probe.size > small_) return miss_sized(probe.size);
  lost_ = lost_ << 1 | 1;
  counted_ = std::min(counted_ + 1, history);
  if (probe.sent < confirmed_) return;
  hits_ = 0;
  ++misses_;
  if (state_ != State::down && misses_ >= in_a_row) become(State::down, now);
}

/// Told from the loss of everything by the small ones, which go on to be answered.
void Health::miss_sized(std::size_t size) {
  if (state_ != State::up || misses_ > 0 || (bad_ != 0 && size >= bad_)) return;
  if (++sized_misses_ < in_a_row) return;
  sized_misses_ = 0;
  bad_ = size;
  if (size <= good_) good_ = small_;
}

void Health::become(State state, Time now) {
  state_ = state;
  since_ = now;
  if (state == State::down) rtt_.reset();  // what comes back may be slower
  sized_misses_ = 0;
  until_sized_ = 1;
}

bool Health::is_in_doubt() const {
  if (state_ == State::down) return hits_ > 0;
  const bool sized = searching() || sized_misses_ > 0 || (bad_ == 0 && good_ < full_);
  return state_ == State::unknown || misses_ > 0 || sized;
}

Duration Health::timeout() const {
  return rtt_ ? std::clamp(3 * *rtt_, timeout_min, timeout_max) : timeout_max;
}

std::optional<Time> Health::next_expiry() const {
  if (open_.empty()) return std::nullopt;
  return open_.front().sent + timeout();
}

double Health::loss() const {
  if (counted_ == 0) return 0;
  const std::uint32_t seen = counted_ == history ? ~std::uint32_t{0} : (std::uint32_t{1} << counted_) - 1;
  return static_cast<double>(std::popcount(lost_ & seen)) / counted_;
}

}  // namespace overlay::paths
