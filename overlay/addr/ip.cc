// SPDX-License-Identifier: Apache-2.0
#include "overlay/addr/ip.h"

#include <arpa/inet.h>

#include <cstring>
#include <limits>

namespace overlay {

std::string_view name(Family family) { return family == Family::v4 ? "IPv4" : "IPv6"; }

Result<Ip> Ip::parse(std::string_view text) {
  const std::string terminated(text);
  Ip out;
  if (inet_pton(AF_INET, terminated.c_str(), out.bytes_.data()) == 1) return out;
  out.family_ = Family::v6;
  if (inet_pton(AF_INET6, terminated.c_str(), out.bytes_.data()) == 1) return out;
  return fail(Errc::invalid, "'" + terminated + "' is not an IP address");
}

Result<Ip> Ip::from_bytes(std::string_view bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) {
    return fail(Errc::invalid, "an address has " + std::to_string(bytes.size()) + " bytes, not 4 or 16");
  }
  Ip out;
  out.family_ = bytes.size() == 4 ? Family::v4 : Family::v6;
  std::memcpy(out.bytes_.data(), bytes.data(), bytes.size());
  return out;
}

Ip Ip::v4(std::uint32_t value) {
  Ip out;
  for (int i = 3; i >= 0; --i, value >>= 8)
    out.bytes_[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value);
  return out;
}

Ip Ip::v6(const std::array<std::uint8_t, 16>& bytes) {
  Ip out;
  out.family_ = Family::v6;
  out.bytes_ = bytes;
  return out;
}

std::string_view Ip::bytes() const {
  return {reinterpret_cast<const char*>(bytes_.data()), static_cast<std::size_t>(bits() / 8)};
}

std::uint32_t Ip::v4_value() const {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | bytes_[i];
  return value;
}

bool Ip::is_unspecified() const { return bytes_ == std::array<std::uint8_t, 16>{}; }

bool Ip::is_loopback() const {
  return is_v4() ? bytes_[0] == 127 : *this == v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

bool Ip::is_multicast() const { return is_v4() ? (bytes_[0] & 0xf0) == 0xe0 : bytes_[0] == 0xff; }

bool Ip::is_link_local() const {
  return is_v4() ? bytes_[0] == 169 && bytes_[1] == 254 : bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool Ip::bit(int index) const {
  return (bytes_[static_cast<std::size_t>(index / 8)] >> (7 - index % 8) & 1) != 0;
}

std::string Ip::text() const {
  char buffer[INET6_ADDRSTRLEN];
  return inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
}

Ip Ip::plus(std::uint64_t offset) const {
  Ip out = *this;
  unsigned carry = 0;
  for (int i = bits() / 8 - 1; i >= 0; --i, offset >>= 8) {
    auto& byte = out.bytes_[static_cast<std::size_t>(i)];
    const unsigned sum = byte + static_cast<unsigned>(offset & 0xff) + carry;
    byte = static_cast<std::uint8_t>(sum);
    carry = sum >> 8;
  }
  return out;
}

std::uint64_t Ip::distance_from(const Ip& base) const {
  // Subtract bytewise from the lowest; anything left above 64 bits saturates.
  std::uint64_t low = 0;
  bool overflow = false;
  int borrow = 0;
  const int length = bits() / 8;
  for (int i = length - 1, shift = 0; i >= 0; --i, shift += 8) {
    const auto at = static_cast<std::size_t>(i);
    int difference = bytes_[at] - base.bytes_[at] - borrow;
    borrow = difference < 0 ? 1 : 0;
    difference += borrow * 256;
    if (shift < 64) {
      low |= static_cast<std::uint64_t>(difference) << shift;
    } else {
      overflow = overflow || difference != 0;
    }
  }
  return overflow ? std::numeric_limits<std::uint64_t>::max() : low;
}

}  // namespace overlay
