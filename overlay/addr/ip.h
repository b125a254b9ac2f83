// SPDX-License-Identifier: Apache-2.0
// An IPv4 or IPv6 address as a value: parse, format, arithmetic.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace overlay {

enum class Family : std::uint8_t { v4 = 4, v6 = 6 };

/// "IPv4" or "IPv6".
std::string_view name(Family family);

/// Sorted IPv4 first, then numerically.
class Ip {
 public:
  Ip() = default;  // 0.0.0.0

  /// Dotted quad or RFC 4291 text, no zone; Errc::invalid otherwise.
  [[nodiscard]] static Result<Ip> parse(std::string_view text);
  /// Network order, 4 or 16 bytes; Errc::invalid otherwise.
  [[nodiscard]] static Result<Ip> from_bytes(std::string_view bytes);
  /// Host order.
  static Ip v4(std::uint32_t value);
  static Ip v6(const std::array<std::uint8_t, 16>& bytes);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::v4; }
  /// 32 or 128.
  int bits() const { return is_v4() ? 32 : 128; }
  /// Network order, 4 or 16 bytes.
  std::string_view bytes() const;
  /// IPv4 only, host order.
  std::uint32_t v4_value() const;
  bool is_unspecified() const;
  bool is_loopback() const;
  bool is_multicast() const;
  /// 169.254/16 or fe80::/10.
  bool is_link_local() const;
  /// Bit 0 is the highest.
  bool bit(int index) const;
  /// Canonical text (RFC 5952).
  std::string text() const;

  /// The address `offset` further on, modulo the family's size.
  Ip plus(std::uint64_t offset) const;
  /// This minus `base`, saturated at 2^64-1; both of one family and `base` not above this.
  std::uint64_t distance_from(const Ip& base) const;

  friend auto operator<=>(const Ip&, const Ip&) = default;

 private:
  Family family_ = Family::v4;
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 uses the first four
};

}  // namespace overlay
