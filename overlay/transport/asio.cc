// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/asio.h"

#include <algorithm>
#include <array>
#include <boost/asio/ssl/error.hpp>
#include <cctype>

namespace overlay::transport {

std::string reason(const error_code& error) {
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated)
    return "the peer closed the connection";
  std::string text = error.message();
  if (!text.empty()) text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
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
