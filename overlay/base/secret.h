// SPDX-License-Identifier: Apache-2.0
// The cluster secret: 32 random bytes that every host of a cluster holds, and how people carry them about.
//
//   overlay-<58 letters and digits>    RFC 4648 base32, lower case, no padding, of the bytes and a checksum
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "overlay/base/crypto.h"
#include "overlay/base/result.h"

namespace overlay {

/// Wiped at the end of its life. Neither it nor its text belongs into an error or a log; key_id() does.
class Secret {
 public:
  static constexpr std::size_t size = 32;

  /// `random`: as the kernel gives it. Anything less can be guessed from one captured handshake (RFC 9257).
  explicit Secret(const std::array<std::uint8_t, size>& random) : bytes_(random) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret();

  /// Exactly what text() gives. Errc::invalid completes "FILE: …" and never repeats the text.
  [[nodiscard]] static Result<Secret> parse(std::string_view text);
  std::string text() const;

  /// Names the secret without giving it away: 16 hexadecimal digits.
  std::string key_id() const;
  /// A key for one purpose; it tells nothing about those for others.
  Digest derive(std::string_view purpose) const;

  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::array<std::uint8_t, size> bytes_;
};

}  // namespace overlay
