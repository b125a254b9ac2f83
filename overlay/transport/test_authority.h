// SPDX-License-Identifier: Apache-2.0
// For tests: an authority that issues certificates.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "overlay/transport/certificates.h"

namespace overlay::transport {

class TestAuthority {
 public:
  struct Wanted {
    std::string name = "h1";
    std::vector<std::string> uris = {};
    std::string usage = "clientAuth,serverAuth";
    long from = -3600;  // seconds from now
    long until = 3600;
    bool authority = false;
  };
  struct Issued {
    Bytes certificate;  // PEM
    Bytes key;          // PEM
  };

  explicit TestAuthority(const std::string& name = "authority") : name_(name), key_(make_key()) {
    certificate_ = make({.name = name, .uris = {}, .usage = {}, .authority = true}, key_.get());
  }

  Bytes pem() const { return text_of(certificate_.get()); }
  Issued issue(const Wanted& wanted) const {
    const Key key = make_key();
    return {text_of(make(wanted, key.get()).get()), text_of(key.get())};
  }
  Issued issue_to(const NodeId& node) const { return issue({.uris = {certificate_uri(node)}}); }
  /// The certificates of a host that trusts this authority.
  Result<Certificates> certificates(const Issued& issued) const {
    return Certificates::parse({"--tls-ca ca", pem()}, {"--tls-cert crt", issued.certificate},
                               {"--tls-key key", issued.key});
  }

 private:
  using Key = std::shared_ptr<EVP_PKEY>;
  using Certificate = std::shared_ptr<X509>;

  static Key make_key() { return {EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free}; }

  static void extend(X509* certificate, int kind, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  Certificate make(const Wanted& wanted, EVP_PKEY* key) const {
    Certificate out(X509_new(), X509_free);
    X509* const raw = out.get();
    X509_set_version(raw, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(raw), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(raw), wanted.from);
    X509_gmtime_adj(X509_getm_notAfter(raw), wanted.until);
    name(X509_get_subject_name(raw), wanted.name);
    name(X509_get_issuer_name(raw), name_);
    X509_set_pubkey(raw, key);
    if (wanted.authority) extend(raw, NID_basic_constraints, "critical,CA:TRUE");
    if (!wanted.usage.empty()) extend(raw, NID_ext_key_usage, wanted.usage);
    std::string names = "DNS:" + wanted.name;
    for (const std::string& uri : wanted.uris) names += ",URI:" + uri;
    extend(raw, NID_subject_alt_name, names);
    X509_sign(raw, key_.get(), EVP_sha256());
    return out;
  }

  static void name(X509_NAME* out, const std::string& common_name) {
    X509_NAME_add_entry_by_txt(out, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  }

  template <class Write>
  static Bytes written(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), BIO_free_all);
    write(bio.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }
  static Bytes text_of(X509* certificate) {
    return written([&](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
  }
  static Bytes text_of(EVP_PKEY* key) {
    return written(
        [&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
  }

  std::string name_;
  Key key_;
  mutable long serial_ = 0;
  Certificate certificate_;
};

}  // namespace overlay::transport
