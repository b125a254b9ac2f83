// SPDX-License-Identifier: Apache-2.0
#include "overlay/addr/prefix.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace overlay {
namespace {

constexpr std::uint64_t max_count = (std::uint64_t{1} << 53) - 1;

std::uint64_t power_of_two(int exponent) { return exponent >= 53 ? max_count : std::uint64_t{1} << exponent; }

Ip masked(const Ip& address, int length) {
  std::array<char, 16> bytes{};
  const auto from = address.bytes();
  for (std::size_t i = 0; i < from.size(); ++i) {
    const int keep = std::clamp(length - static_cast<int>(i) * 8, 0, 8);
    bytes[i] = static_cast<char>(from[i] & static_cast<char>(0xff00 >> keep));
  }
  return Ip::from_bytes({bytes.data(), from.size()}).value();
}

/// address + index * 2^shift, for shifts beyond 64 bits too.
Ip shifted_plus(const Ip& address, std::uint64_t index, int shift) {
  std::array<std::uint8_t, 16> bytes{};
  const auto from = address.bytes();
  std::memcpy(bytes.data(), from.data(), from.size());
  for (int bit = 0; bit < 64; ++bit) {
    if ((index >> bit & 1) == 0) continue;
    const int position = address.bits() - 1 - shift - bit;
    bytes[static_cast<std::size_t>(position / 8)] |= static_cast<std::uint8_t>(0x80 >> position % 8);
  }
  return Ip::from_bytes({reinterpret_cast<const char*>(bytes.data()), from.size()}).value();
}

}  // namespace

Result<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    return fail(Errc::invalid, "'" + std::string(text) + "' is not a prefix; write ADDRESS/LENGTH");
  }
  OVERLAY_TRY(const Ip address, Ip::parse(text.substr(0, slash)));
  const auto digits = text.substr(slash + 1);
  int length = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return fail(Errc::invalid, "'" + std::string(text) + "' has no prefix length after the slash");
  }
  return make(address, length);
}

Result<Prefix> Prefix::make(const Ip& address, int length) {
  if (length < 0 || length > address.bits()) {
    return fail(Errc::invalid, "/" + std::to_string(length) + " is not a length of an " +
                                   std::string(name(address.family())) + " prefix");
  }
  const Prefix out = around(address, length);
  if (out.address_ != address) {
    return fail(Errc::invalid, address.text() + "/" + std::to_string(length) +
                                   " has host bits set; the prefix is " + out.text());
  }
  return out;
}

Prefix Prefix::around(const Ip& address, int length) {
  Prefix out;
  out.address_ = masked(address, length);
  out.length_ = length;
  return out;
}

bool Prefix::contains(const Ip& address) const {
  return address.family() == family() && masked(address, length_) == address_;
}

bool Prefix::contains(const Prefix& other) const {
  return other.length_ >= length_ && contains(other.address_);
}

std::uint64_t Prefix::size() const { return power_of_two(address_.bits() - length_); }

std::uint64_t Prefix::count_of(int length) const {
  return length < length_ ? 0 : power_of_two(length - length_);
}

Prefix Prefix::nth(int length, std::uint64_t index) const {
  return around(shifted_plus(address_, index, address_.bits() - length), length);
}

std::uint64_t Prefix::index_in(const Prefix& pool) const {
  std::uint64_t index = 0;
  for (int i = pool.length_; i < length_; ++i) index = index << 1 | (address_.bit(i) ? 1U : 0U);
  return index;
}

std::string Prefix::text() const { return address_.text() + "/" + std::to_string(length_); }

}  // namespace overlay
