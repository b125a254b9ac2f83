// SPDX-License-Identifier: Apache-2.0
// A CIDR prefix as a value; always aligned (no host bits set).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "overlay/addr/ip.h"

namespace overlay {

/// Sorted by address, then the shorter length first: a covering prefix comes before what it covers.
class Prefix {
 public:
  Prefix() = default;  // 0.0.0.0/0

  /// "ADDRESS/LENGTH"; Errc::invalid for anything else, and for host bits (the text names the aligned
  /// prefix).
  [[nodiscard]] static Result<Prefix> parse(std::string_view text);
  /// Errc::invalid for a length out of range or host bits.
  [[nodiscard]] static Result<Prefix> make(const Ip& address, int length);
  /// The prefix of `length` that holds `address`.
  static Prefix around(const Ip& address, int length);
  /// The /32 or /128 of one address.
  static Prefix host(const Ip& address) { return around(address, address.bits()); }

  const Ip& address() const { return address_; }
  int length() const { return length_; }
  Family family() const { return address_.family(); }
  bool contains(const Ip& address) const;
  bool contains(const Prefix& other) const;
  bool overlaps(const Prefix& other) const { return contains(other) || other.contains(*this); }
  /// How many addresses, saturated at 2^53-1, the largest integer every JSON reader keeps exactly.
  std::uint64_t size() const;
  /// How many prefixes of `length` fit in it, saturated alike; 0 when `length` is shorter than its own.
  std::uint64_t count_of(int length) const;
  /// The `index`-th prefix of `length` inside it.
  Prefix nth(int length, std::uint64_t index) const;
  /// Its index among the prefixes of its length inside `pool`, which contains it.
  std::uint64_t index_in(const Prefix& pool) const;
  std::string text() const;

  friend auto operator<=>(const Prefix&, const Prefix&) = default;

 private:
  Ip address_;
  int length_ = 0;
};

}  // namespace overlay
