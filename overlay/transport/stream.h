// SPDX-License-Identifier: Apache-2.0
// The bytes of a session: a plain socket, or TLS over one after its handshake.
#pragma once

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <tuple>
#include <variant>

#include "overlay/transport/asio.h"

namespace overlay::transport {

using TlsSocket = asio::ssl::stream<tcp::socket>;

/// What a read or write comes to: why it failed, how many bytes.
using Transferred = asio::awaitable<std::tuple<error_code, std::size_t>>;

class Stream {
 public:
  Stream(tcp::socket socket) : stream_(std::move(socket)) {}                 // NOLINT: a stream as it is
  Stream(std::unique_ptr<TlsSocket> socket) : stream_(std::move(socket)) {}  // NOLINT: as well

  /// The connection beneath. Its shutdown ends both kinds: what travels is framed, so a stream that TLS would
  /// call truncated is told from a whole one without a close_notify.
  tcp::socket& socket() {
    if (auto* plain = std::get_if<tcp::socket>(&stream_)) return *plain;
    return std::get<std::unique_ptr<TlsSocket>>(stream_)->next_layer();
  }
  asio::any_io_executor executor() { return socket().get_executor(); }

  Transferred read_some(asio::mutable_buffer space) {
    if (auto* plain = std::get_if<tcp::socket>(&stream_)) return plain->async_read_some(space, as_value);
    return std::get<std::unique_ptr<TlsSocket>>(stream_)->async_read_some(space, as_value);
  }
  /// All of `bytes`.
  Transferred write(asio::const_buffer bytes) {
    if (auto* plain = std::get_if<tcp::socket>(&stream_)) return asio::async_write(*plain, bytes, as_value);
    return asio::async_write(*std::get<std::unique_ptr<TlsSocket>>(stream_), bytes, as_value);
  }

 private:
  std::variant<tcp::socket, std::unique_ptr<TlsSocket>> stream_;
};

}  // namespace overlay::transport
