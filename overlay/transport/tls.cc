// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "overlay/transport/openssl.h"

namespace overlay::transport {
namespace {

using Context = asio::ssl::context;

/// A PSK belongs to one hash, ours to SHA-256, so a suite of SHA-384 must not be picked (openssl#21226).
constexpr const char* suites = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
constexpr std::array<unsigned char, 2> suite_of_keys = {0x13, 0x01};  // TLS_AES_128_GCM_SHA256
constexpr std::string_view exporter = "EXPORTER-overlay-session-v1";
constexpr std::size_t binding_bytes = 32;

constexpr std::string_view key_cure = "; give both the same --secret-file";
constexpr std::string_view certificate_cure =
    "; give both certificates by authorities of the other's --tls-ca";

/// Where an SSL keeps its Handshake; SSL_set_app_data() is Asio's.
int handshake_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  require(slot >= 0, "reserve room in its sessions");
  return slot;
}

Handshake& handshake_of(SSL* ssl) { return *static_cast<Handshake*>(SSL_get_ex_data(ssl, handshake_slot())); }

/// The key as OpenSSL wants it: a session to resume. nullptr when out of memory.
SSL_SESSION* session_of(SSL* ssl, const Keyring::Key& key) {
  SSL_SESSION* session = SSL_SESSION_new();
  const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl, suite_of_keys.data());
  if (session != nullptr && cipher != nullptr &&
      SSL_SESSION_set1_master_key(session, key.psk.bytes.data(), key.psk.bytes.size()) == 1 &&
      SSL_SESSION_set_cipher(session, cipher) == 1 &&
      SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1) {
    return session;
  }
  SSL_SESSION_free(session);
  return nullptr;
}

/// SSL_psk_use_session_cb_func.
int offer_key(SSL* ssl, const EVP_MD* /*hash*/, const unsigned char** id, std::size_t* length,
              SSL_SESSION** session) {
  const Handshake& handshake = handshake_of(ssl);
  const Keyring::Key& key = handshake.by->keys()->at(handshake.offered);
  *session = session_of(ssl, key);
  *id = reinterpret_cast<const unsigned char*>(key.id.data());
  *length = key.id.size();
  return *session != nullptr ? 1 : 0;
}

/// A caller may name anything; only what can be a key id is repeated.
std::string printable_id(std::string_view id) {
  const bool is_id = id.size() == 16 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
                       return std::isdigit(c) != 0 || (c >= 'a' && c <= 'f');
                     });
  return is_id ? std::string(id) : "of another kind";
}

/// SSL_psk_find_session_cb_func. Without a session OpenSSL looks for a certificate, and there is none.
int find_key(SSL* ssl, const unsigned char* id, std::size_t length, SSL_SESSION** session) {
  Handshake& handshake = handshake_of(ssl);
  const std::string_view named(reinterpret_cast<const char*>(id), length);
  const Keyring::Key* key = handshake.by->keys()->find(named);
  *session = nullptr;
  if (key == nullptr) {
    handshake.unknown_key = printable_id(named);
    return 1;
  }
  handshake.unknown_key.clear();
  *session = session_of(ssl, *key);
  return *session != nullptr ? 1 : 0;
}

void configure(Context& context) {
  SSL_CTX* const raw = context.native_handle();
  require(SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION) == 1, "insist on TLS 1.3");
  require(SSL_CTX_set_ciphersuites(raw, suites) == 1, "choose cipher suites");
  require(SSL_CTX_set_num_tickets(raw, 0) == 1, "do without session tickets");
  require(SSL_CTX_set_max_early_data(raw, 0) == 1, "do without early data");
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
  SSL_CTX_clear_options(raw, SSL_OP_ALLOW_NO_DHE_KEX);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
}

bool is_reason(const error_code& error, std::initializer_list<int> reasons) {
  if (error.category() != asio::error::get_ssl_category()) return false;
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

bool is_end(const error_code& error) {
  return error == asio::error::eof || error == asio::error::connection_reset ||
         error == asio::error::broken_pipe || error == asio::ssl::error::stream_truncated;
}

Bytes export_binding(SSL* ssl) {
  Bytes out(binding_bytes, '\0');
  require(SSL_export_keying_material(ssl, reinterpret_cast<unsigned char*>(out.data()), out.size(),
                                     exporter.data(), exporter.size(), nullptr, 0, 0) == 1,
          "export keying material");
  return out;
}

Error failed(const error_code& error) {
  return fail(Errc::refused, "the TLS handshake failed: " + reason(error));
}

Error explain_keys(const error_code& error, const Handshake& handshake) {
  const std::string ours = " (" + handshake.by->keys()->ids() + ")";
  if (!handshake.unknown_key.empty()) {
    return fail(Errc::refused, "the caller's key " + handshake.unknown_key + " is none of ours" + ours +
                                   std::string(key_cure));
  }
  if (is_refusal(error)) {
    return fail(Errc::refused, "the peer refuses our key" + ours + std::string(key_cure));
  }
  if (is_reason(error, {SSL_R_CERTIFICATE_VERIFY_FAILED})) {
    return fail(Errc::refused, "the peer shows a certificate and not our key" + ours +
                                   ": it runs with --tls-cert" + std::string(key_cure));
  }
  if (is_reason(error, {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM})) {
    return fail(Errc::refused, "the caller shows no key: it runs with --tls-cert, or is no overlayd" +
                                   std::string(key_cure));
  }
  return failed(error);
}

Error explain_certificates(const error_code& error, TlsSocket* socket) {
  if (is_reason(error, {SSL_R_CERTIFICATE_VERIFY_FAILED}) && socket != nullptr) {
    const long fault = SSL_get_verify_result(socket->native_handle());
    return fail(Errc::refused, std::string("our --tls-ca does not vouch for the peer's certificate: ") +
                                   X509_verify_cert_error_string(fault) + std::string(certificate_cure));
  }
  if (is_reason(error, {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE}) || is_refusal(error)) {
    return fail(Errc::refused,
                "the peer has no certificate: it runs with --secret-file" + std::string(certificate_cure));
  }
  return failed(error);
}

}  // namespace

Tls::Tls(Credentials credentials)
    : credentials_(std::move(credentials)), client_(Context::tls_client), server_(Context::tls_server) {
  configure(client_);
  configure(server_);
  if (const auto* certificates = std::get_if<Certificates>(&credentials_)) {
    certificates->configure(client_.native_handle());
    certificates->configure(server_.native_handle());
    return;
  }
  // Whoever answers a call with a certificate instead of the key has one that nobody here trusts.
  SSL_CTX_set_verify(client_.native_handle(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_psk_use_session_callback(client_.native_handle(), offer_key);
  SSL_CTX_set_psk_find_session_callback(server_.native_handle(), find_key);
}

std::unique_ptr<TlsSocket> Tls::wrap(tcp::socket socket, Handshake& handshake) {
  auto out = std::make_unique<TlsSocket>(std::move(socket), handshake.caller ? client_ : server_);
  require(SSL_set_ex_data(out->native_handle(), handshake_slot(), &handshake) == 1, "begin a handshake");
  return out;
}

void let_go(TlsSocket& socket) { SSL_set_ex_data(socket.native_handle(), handshake_slot(), nullptr); }

Result<node::Channel> secured_channel(TlsSocket& socket, const Handshake& handshake) {
  SSL* const ssl = socket.native_handle();
  node::Channel out;
  if (handshake.by->keys() != nullptr) {
    // OpenSSL reports the use of an external PSK as a resumed session.
    if (SSL_session_reused(ssl) != 1)
      return fail(Errc::refused, "the peer showed no key" + std::string(key_cure));
  } else {
    out.certified = node_of(SSL_get0_peer_certificate(ssl));
    if (!out.certified) {
      return fail(Errc::refused,
                  "the peer's certificate (" + subject_of(SSL_get0_peer_certificate(ssl)) +
                      ") is of no node; have it issued with the subject alternative name URI:" +
                      std::string(certificate_scheme) + "ID");
    }
  }
  out.binding = export_binding(ssl);
  return out;
}

Error explain(const error_code& error, const Handshake& handshake, TlsSocket* socket) {
  const std::string cure(handshake.by->keys() != nullptr ? key_cure : certificate_cure);
  if (is_plain_peer(error)) {
    return fail(Errc::refused, "the peer does not speak TLS: one side runs with --insecure" + cure);
  }
  if (is_end(error)) {
    return fail(Errc::unavailable, "the peer closed the connection during the TLS handshake");
  }
  return handshake.by->keys() != nullptr ? explain_keys(error, handshake)
                                         : explain_certificates(error, socket);
}

bool is_refusal(const error_code& error) { return is_reason(error, {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE}); }

bool is_plain_peer(const error_code& error) {
  return is_reason(error, {SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST});
}

}  // namespace overlay::transport
