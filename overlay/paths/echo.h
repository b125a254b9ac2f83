// SPDX-License-Identifier: Apache-2.0
// ICMP and ICMPv6 echo (RFC 792, RFC 4443) as whole IP packets. A peer's kernel answers them, so a path is
// seen to work whether or not the peer's daemon runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "overlay/addr/ip.h"

namespace overlay::paths {

struct Echo {
  Ip source;
  Ip destination;  // of the same family
  std::uint16_t id = 0;
  std::uint64_t nonce = 0;  // what the answer must show; nobody off the path can guess it
  std::size_t size = 0;     // of the IP packet, at least echo_size_min
  std::uint8_t hops = 64;   // how many hosts may take part in carrying it, the last one too
};

/// IP and ICMP headers and the nonce.
std::size_t echo_size_min(Family family);

/// What of a request follows the IP header, for a raw ICMP socket, which makes that header and an ICMPv6
/// checksum itself. `size` is the IP packet's.
std::string echo_message(Family family, std::uint16_t id, std::uint64_t nonce, std::size_t size);

/// The request, not to be fragmented.
std::string echo_request(const Echo& echo);

struct EchoReply {
  std::uint16_t id = 0;
  std::uint64_t nonce = 0;
};

/// What a raw ICMP socket delivers: for IPv4 with the IP header, for IPv6 without. Nothing when it is no echo
/// reply with a nonce.
std::optional<EchoReply> read_echo_reply(Family family, std::string_view packet);

}  // namespace overlay::paths
