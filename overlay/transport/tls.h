// SPDX-License-Identifier: Apache-2.0
// TLS 1.3 by OpenSSL, with an external pre-shared key (RFC 8446 2.2, 4.2.11) or with certificates of both
// sides: no tickets, no early data, always a fresh Diffie-Hellman exchange.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <variant>

#include "overlay/base/bytes.h"
#include "overlay/base/result.h"
#include "overlay/node/io.h"
#include "overlay/transport/certificates.h"
#include "overlay/transport/keyring.h"
#include "overlay/transport/stream.h"

namespace overlay::transport {

/// What a host shows its peers, and wants of them.
using Credentials = std::variant<Keyring, Certificates>;

struct Handshake;

/// The contexts of both roles, with one set of credentials.
class Tls {
 public:
  explicit Tls(Credentials credentials);

  /// nullptr: it is certificates.
  const Keyring* keys() const { return std::get_if<Keyring>(&credentials_); }
  /// TLS over a connected socket, before the handshake. `handshake` is used until let_go().
  std::unique_ptr<TlsSocket> wrap(tcp::socket socket, Handshake& handshake);

 private:
  Credentials credentials_;
  asio::ssl::context client_;
  asio::ssl::context server_;
};

/// What the callbacks of one handshake know and learn; outlives the handshake.
struct Handshake {
  std::shared_ptr<Tls> by;  // as it was when it began
  bool caller = false;      // this side dialled
  std::size_t offered = 0;  // caller: which of the keys
  std::string unknown_key;  // the other side: what the caller named, when it is none of ours
};

/// The side of async_handshake().
inline TlsSocket::handshake_type side(const Handshake& handshake) {
  return handshake.caller ? TlsSocket::client : TlsSocket::server;
}

/// After a handshake that ended well: what makes the connection one of two members. The binding is 32 bytes
/// that both ends of this one connection know and nobody between them (RFC 8446 7.5).
[[nodiscard]] Result<node::Channel> secured_channel(TlsSocket& socket, const Handshake& handshake);
/// After the handshake the callbacks have nothing to do any more.
void let_go(TlsSocket& socket);

/// Why a handshake failed, with key ids or the certificate's subject, and the cure. `socket`: nullptr before
/// wrap().
Error explain(const error_code& error, const Handshake& handshake, TlsSocket* socket);
/// The peer said no, so another key may help.
bool is_refusal(const error_code& error);
/// The peer spoke something else than TLS.
bool is_plain_peer(const error_code& error);
/// A whole TLS record: fatal alert, protocol version (RFC 8446 6). OpenSSL sends none to a peer that does not
/// speak TLS; one of ours, with --insecure, knows it by its first bytes and can say what is wrong.
inline constexpr std::string_view protocol_alert{"\x15\x03\x03\x00\x02\x02\x46", 7};

}  // namespace overlay::transport
