// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/asio.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <boost/asio/ssl/error.hpp>
#include <cctype>

namespace overlay::transport {

namespace {

/// The peer's alerts about our certificate (RFC 8446 6.2); after the handshake too, where this side called.
bool is_about_certificate(const error_code& error) {
  if (error.category() != asio::error::get_ssl_category()) return false;
  switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string reason(const error_code& error) {
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated)
    return "the peer closed the connection";
  std::string text = error.message();
  if (!text.empty()) text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return (is_about_certificate(error) ? "the peer refuses our certificate: " : "") + text;
}

tcp::endpoint to_asio(const Endpoint& endpoint) {
  if (endpoint.address.is_v4()) return {asio::ip::address_v4(endpoint.address.v4_value()), endpoint.port};
  asio::ip::address_v6::bytes_type bytes;
  std::copy_n(endpoint.address.bytes().begin(), bytes.size(), bytes.begin());
  return {asio::ip::address_v6(bytes), endpoint.port};
}

Endpoint from_asio(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  if (address.is_v4()) return {Ip::v4(address.to_v4().to_uint()), endpoint.port()};
  return {Ip::v6(address.to_v6().to_bytes()), endpoint.port()};
}

}  // namespace overlay::transport
