// SPDX-License-Identifier: Apache-2.0
#include "overlay/addr/endpoint.h"

#include <charconv>

namespace overlay {
namespace {

Result<std::uint16_t> parse_port(std::string_view digits, std::string_view whole) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) {
    return fail(Errc::invalid, "'" + std::string(whole) + "' has no port from 1 to 65535 after the colon");
  }
  return port;
}

Error not_host_port(std::string_view text) {
  return fail(Errc::invalid, "'" + std::string(text) + "' is not HOST or HOST:PORT");
}

}  // namespace

Result<HostPort> HostPort::parse(std::string_view text, std::uint16_t default_port) {
  if (text.find_first_of(" \t/@") != std::string_view::npos) return not_host_port(text);
  const auto colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  const bool bare_v6 = !bracketed && colon != std::string_view::npos && text.find(':') != colon;
  const bool has_port = colon != std::string_view::npos && !bare_v6 && !text.ends_with(']');
  std::string_view host = has_port ? text.substr(0, colon) : text;
  if (bracketed) {
    if (!host.ends_with(']'))
      return fail(Errc::invalid, "'" + std::string(text) + "' has no closing bracket");
    host = host.substr(1, host.size() - 2);
  }
  if (bracketed || bare_v6) OVERLAY_CHECK(Ip::parse(host));
  if (host.empty()) return not_host_port(text);
  HostPort out{std::string(host), default_port};
  if (has_port) {
    OVERLAY_TRY(out.port, parse_port(text.substr(colon + 1), text));
  }
  return out;
}

std::string HostPort::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  OVERLAY_TRY(const HostPort parts, HostPort::parse(text, 0));
  if (parts.port == 0) return fail(Errc::invalid, "'" + std::string(text) + "' is not ADDRESS:PORT");
  OVERLAY_TRY(const Ip address, Ip::parse(parts.host));
  return Endpoint{address, parts.port};
}

std::string Endpoint::text() const { return HostPort{address.text(), port}.text(); }

}  // namespace overlay
