// SPDX-License-Identifier: Apache-2.0
// TLS 1.3 with an external pre-shared key (RFC 8446 2.2, 4.2.11) by OpenSSL: no certificates, no tickets, no
// early data, always a fresh Diffie-Hellman exchange. OpenSSL's names are known to this file alone.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "overlay/base/bytes.h"
#include "overlay/base/result.h"
#include "overlay/transport/keyring.h"
#include "overlay/transport/stream.h"

namespace overlay::transport {

/// What the callbacks of one handshake know and learn; outlives the handshake.
struct Handshake {
  std::shared_ptr<const Keyring> keys;  // those of when it began
  bool caller = false;                  // this side dialled
  std::size_t offered = 0;              // caller: which of the keys
  std::string unknown_key;              // the other side: what the caller named, when it is none of ours
};

/// The contexts of both roles; must outlive the sockets made of them.
class Tls {
 public:
  Tls();

  /// TLS over a connected socket, before the handshake. `handshake` is used until let_go().
  std::unique_ptr<TlsSocket> wrap(tcp::socket socket, Handshake& handshake);

 private:
  asio::ssl::context client_;
  asio::ssl::context server_;
};

/// The side of async_handshake().
inline TlsSocket::handshake_type side(const Handshake& handshake) {
  return handshake.caller ? TlsSocket::client : TlsSocket::server;
}

/// Success when the handshake that just ended was by a key that both hold.
[[nodiscard]] Status check_secured(TlsSocket& socket);
/// 32 bytes that both ends of this one connection know and nobody between them (RFC 8446 7.5).
Bytes channel_binding(TlsSocket& socket);
/// After the handshake the callbacks have nothing to do any more.
void let_go(TlsSocket& socket);

/// Why a handshake failed, with key ids and the cure.
Error explain(const error_code& error, const Handshake& handshake);
/// The peer said no, so another key may help.
bool is_refusal(const error_code& error);
/// The peer spoke something else than TLS.
bool is_plain_peer(const error_code& error);
/// A whole TLS record: fatal alert, protocol version (RFC 8446 6). OpenSSL sends none to a peer that does not
/// speak TLS; one of ours, with --insecure, knows it by its first bytes and can say what is wrong.
inline constexpr std::string_view protocol_alert{"\x15\x03\x03\x00\x02\x02\x46", 7};

}  // namespace overlay::transport
