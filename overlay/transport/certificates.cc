// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/certificates.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>

#include "overlay/transport/openssl.h"

namespace overlay::transport {
namespace {

/// How long before a certificate expires that is worth an alarm, at most; seconds.
constexpr std::int64_t longest_notice = 7 * 24 * 3600;

using SharedCertificate = std::shared_ptr<X509>;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

Bio reader(const Bytes& text) {
  Bio out(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free_all);
  require(out != nullptr, "read memory");
  return out;
}

/// pem_password_cb: without one OpenSSL would ask on the terminal.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Error wrong(const Pem& pem, const std::string& what) { return fail(Errc::invalid, pem.name + ": " + what); }

Result<std::vector<SharedCertificate>> read_certificates(const Pem& pem) {
  std::vector<SharedCertificate> out;
  const Bio bio = reader(pem.text);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    out.emplace_back(certificate, X509_free);
  }
  if (!out.empty()) return out;
  return wrong(pem, "there is no certificate in it; give one in PEM, -----BEGIN CERTIFICATE-----");
}

Result<std::shared_ptr<EVP_PKEY>> read_key(const Pem& pem) {
  const Bio bio = reader(pem.text);
  bool asked = false;
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, &asked);
  if (key != nullptr) return std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free);
  if (asked) return wrong(pem, "the key has a passphrase; give it without, in a file of root's alone");
  return wrong(pem, "there is no private key in it; give one in PEM, -----BEGIN PRIVATE KEY-----");
}

std::shared_ptr<X509_STORE> store_of(const std::vector<SharedCertificate>& authorities) {
  std::shared_ptr<X509_STORE> out(X509_STORE_new(), X509_STORE_free);
  require(out != nullptr, "hold certificates");
  for (const auto& authority : authorities) {
    require(X509_STORE_add_cert(out.get(), authority.get()) == 1, "hold a certificate");
  }
  return out;
}

/// What keeps `chain` from being believed in that role ("ssl_client", "ssl_server"); empty: nothing.
std::string fault_of(X509_STORE* authorities, const std::vector<SharedCertificate>& chain, const char* role) {
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(),
                                                                              X509_STORE_CTX_free);
  const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> between(
      sk_X509_new_null(), [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
  require(check != nullptr && between != nullptr, "check a certificate");
  for (const auto& certificate : chain) {
    require(sk_X509_push(between.get(), certificate.get()) > 0, "check a chain");
  }
  require(X509_STORE_CTX_init(check.get(), authorities, chain.front().get(), between.get()) == 1 &&
              X509_STORE_CTX_set_default(check.get(), role) == 1,
          "check a certificate");
  if (X509_verify_cert(check.get()) == 1) return {};
  return X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
}

std::int64_t seconds(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

std::int64_t first_to_expire(const std::vector<SharedCertificate>& chain) {
  std::int64_t out = std::numeric_limits<std::int64_t>::max();
  for (const auto& certificate : chain) out = std::min(out, seconds(X509_get0_notAfter(certificate.get())));
  return out;
}

std::string date(std::int64_t time) {
  const auto value = static_cast<std::time_t>(time);
  std::tm parts{};
  std::array<char, 32> text{};
  gmtime_r(&value, &parts);
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace

Result<Certificates> Certificates::parse(const Pem& authorities, const Pem& chain, const Pem& key) {
  Certificates out;
  OVERLAY_TRY(const auto trusted, read_certificates(authorities));
  OVERLAY_TRY(out.chain_, read_certificates(chain));
  OVERLAY_TRY(out.key_, read_key(key));
  out.authorities_ = store_of(trusted);
  X509* const own = out.chain_.front().get();
  if (X509_check_private_key(own, out.key_.get()) != 1) {
    return wrong(key, "it is not the key of " + chain.name + "; give the two that were made together");
  }
  for (const char* role : {"ssl_client", "ssl_server"}) {
    const std::string fault = fault_of(out.authorities_.get(), out.chain_, role);
    if (fault.empty()) continue;
    return wrong(chain, authorities.name + " does not vouch for " + subject_of(own) + ": " + fault +
                            "; have it issued for client and server use by an authority that is in the file");
  }
  out.node_ = node_of(own);
  out.expires_ = first_to_expire(out.chain_);
  const std::int64_t life = out.expires_ - seconds(X509_get0_notBefore(own));
  out.renew_by_ = out.expires_ - std::min(life / 4, longest_notice);
  return out;
}

std::string Certificates::text() const {
  return subject_of(chain_.front().get()) + ", until " + date(expires_);
}

void Certificates::configure(SSL_CTX* context) const {
  require(SSL_CTX_use_certificate(context, chain_.front().get()) == 1, "show a certificate");
  for (std::size_t i = 1; i < chain_.size(); ++i) {
    require(SSL_CTX_add1_chain_cert(context, chain_[i].get()) == 1, "show a chain");
  }
  require(SSL_CTX_use_PrivateKey(context, key_.get()) == 1, "use a private key");
  require(SSL_CTX_set1_verify_cert_store(context, authorities_.get()) == 1, "trust an authority");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

std::string certificate_uri(const NodeId& node) { return std::string(certificate_scheme) + node.hex(); }

std::optional<NodeId> node_of(X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  std::optional<NodeId> out;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* const uri = name->d.uniformResourceIdentifier;
    const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                                static_cast<std::size_t>(ASN1_STRING_length(uri)));
    if (!text.starts_with(certificate_scheme)) continue;
    const auto node = NodeId::from_hex_text(text.substr(certificate_scheme.size()));
    if (!node || out) return std::nullopt;
    out = *node;
  }
  return out;
}

std::string subject_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free_all);
  require(bio != nullptr, "write to memory");
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0,
                     XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : "without a subject";
}

}  // namespace overlay::transport
