// SPDX-License-Identifier: Apache-2.0
// Where something listens: an address and a port, or a name and a port that is yet to be resolved.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "overlay/addr/ip.h"

namespace overlay {

struct Endpoint {
  Ip address;
  std::uint16_t port = 0;

  /// "10.0.0.1:6783" or "[fd00::1]:6783".
  [[nodiscard]] static Result<Endpoint> parse(std::string_view text);
  std::string text() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// HOST[:PORT] as a person writes it; HOST is a name, an IPv4 or a (bracketed when a port follows) IPv6
/// address.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;

  [[nodiscard]] static Result<HostPort> parse(std::string_view text, std::uint16_t default_port);
  std::string text() const;

  friend auto operator<=>(const HostPort&, const HostPort&) = default;
};

}  // namespace overlay
