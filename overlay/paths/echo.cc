// SPDX-License-Identifier: Apache-2.0
#include "overlay/paths/echo.h"

#include <algorithm>

namespace overlay::paths {
namespace {

constexpr std::size_t icmp_header = 8;
constexpr std::size_t nonce_bytes = 8;
constexpr std::uint8_t icmp = 1;
constexpr std::uint8_t icmp6 = 58;

std::size_t ip_header(Family family) { return family == Family::v4 ? 20 : 40; }

void put8(std::string& out, std::uint8_t value) { out.push_back(static_cast<char>(value)); }

void put16(std::string& out, std::size_t value) {
  put8(out, static_cast<std::uint8_t>(value >> 8));
  put8(out, static_cast<std::uint8_t>(value));
}

std::uint8_t at8(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint16_t at16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(at8(bytes, at) << 8 | at8(bytes, at + 1));
}

void set16(std::string& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<char>(value >> 8);
  bytes[at + 1] = static_cast<char>(value);
}

/// The Internet checksum (RFC 1071), begun with what a pseudo header adds.
std::uint16_t checksum(std::string_view bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += at16(bytes, i);
  if (bytes.size() % 2 == 1) sum += static_cast<std::uint32_t>(at8(bytes, bytes.size() - 1)) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::uint32_t pseudo_header(const Echo& echo, std::size_t length) {
  std::string out(echo.source.bytes());
  out += echo.destination.bytes();
  std::uint32_t sum = static_cast<std::uint32_t>(length) + icmp6;
  for (std::size_t i = 0; i < out.size(); i += 2) sum += at16(out, i);
  return sum;
}

std::string header_v4(const Echo& echo, std::size_t length) {
  std::string out;
  put8(out, 0x45);
  put8(out, 0);
  put16(out, length);
  put16(out, 0);       // identification: of no use to what is never fragmented
  put16(out, 0x4000);  // don't fragment
  put8(out, echo.hops);
  put8(out, icmp);
  put16(out, 0);
  out += echo.source.bytes();
  out += echo.destination.bytes();
  set16(out, 10, checksum(out));
  return out;
}

std::string header_v6(const Echo& echo, std::size_t payload) {
  std::string out;
  put8(out, 0x60);
  out.append(3, '\0');
  put16(out, payload);
  put8(out, icmp6);
  put8(out, echo.hops);
  out += echo.source.bytes();
  out += echo.destination.bytes();
  return out;
}

}  // namespace

std::size_t echo_size_min(Family family) { return ip_header(family) + icmp_header + nonce_bytes; }

std::string echo_message(Family family, std::uint16_t id, std::uint64_t nonce, std::size_t size) {
  std::string out;
  put8(out, family == Family::v4 ? 8 : 128);  // echo request
  put8(out, 0);
  put16(out, 0);  // checksum
  put16(out, id);
  put16(out, 0);  // sequence: the nonce tells them apart
  for (int shift = 56; shift >= 0; shift -= 8) put8(out, static_cast<std::uint8_t>(nonce >> shift));
  out.resize(std::max(size, echo_size_min(family)) - ip_header(family));
  if (family == Family::v4) set16(out, 2, checksum(out));
  return out;
}

std::string echo_request(const Echo& echo) {
  std::string payload = echo_message(echo.source.family(), echo.id, echo.nonce, echo.size);
  if (!echo.source.is_v4()) set16(payload, 2, checksum(payload, pseudo_header(echo, payload.size())));
  const std::size_t whole = ip_header(Family::v4) + payload.size();
  return (echo.source.is_v4() ? header_v4(echo, whole) : header_v6(echo, payload.size())) + payload;
}

std::optional<EchoReply> read_echo_reply(Family family, std::string_view packet) {
  if (family == Family::v4) {
    if (packet.empty() || at8(packet, 0) >> 4 != 4) return std::nullopt;
    const std::size_t header = static_cast<std::size_t>(at8(packet, 0) & 0xf) * 4;
    packet.remove_prefix(std::min(header, packet.size()));
  }
  const std::uint8_t reply = family == Family::v4 ? 0 : 129;
  if (packet.size() < icmp_header + nonce_bytes || at8(packet, 0) != reply) return std::nullopt;
  EchoReply out{.id = at16(packet, 4), .nonce = 0};
  for (std::size_t i = 0; i < nonce_bytes; ++i) out.nonce = out.nonce << 8 | at8(packet, icmp_header + i);
  return out;
}

}  // namespace overlay::paths
