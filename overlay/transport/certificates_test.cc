// SPDX-License-Identifier: Apache-2.0
// Goal: what cannot serve as a certificate is refused before anything is built on it, by file, fault and
// cure.
#include "overlay/transport/certificates.h"

#include <gmock/gmock.h>

#include "overlay/transport/test_authority.h"

namespace overlay::transport {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const NodeId node{{7}};

class CertificatesTest : public testing::Test {
 protected:
  std::string fault_of(const TestAuthority::Issued& issued) const {
    const auto made = authority.certificates(issued);
    return made ? "fit for use" : made.error().text;
  }
  std::optional<NodeId> node_named_by(std::vector<std::string> uris) const {
    const auto made = authority.certificates(authority.issue({.uris = std::move(uris)}));
    return made.value().node();
  }

  TestAuthority authority;
};

TEST_F(CertificatesTest, TellWhoseTheyAreAndUntilWhen) {
  const auto made = authority.certificates(authority.issue_to(node)).value();
  EXPECT_EQ(made.node(), node);
  EXPECT_THAT(made.text(), StartsWith("CN = h1, until 20"));
  EXPECT_NEAR(static_cast<double>(made.renew_by()), static_cast<double>(std::time(nullptr) + 3600 - 7200 / 4),
              60);
}

TEST_F(CertificatesTest, AreOfOneNodeOrOfNone) {
  const NodeId other{{8}};
  EXPECT_EQ(node_named_by({}), std::nullopt);
  EXPECT_EQ(node_named_by({"https://example.net/", certificate_uri(node)}), node);
  EXPECT_EQ(node_named_by({certificate_uri(node), certificate_uri(other)}), std::nullopt);
  EXPECT_EQ(node_named_by({"overlay:node:"}), std::nullopt);
  EXPECT_EQ(node_named_by({certificate_uri(node) + "00"}), std::nullopt);
}

TEST_F(CertificatesTest, WithTheKeyOfAnotherAreRefused) {
  auto issued = authority.issue_to(node);
  issued.key = authority.issue_to(node).key;
  EXPECT_EQ(fault_of(issued),
            "--tls-key key: it is not the key of --tls-cert crt; give the two that were made together");
}

TEST_F(CertificatesTest, ThatTheAuthoritiesDoNotVouchForAreRefused) {
  constexpr const char* cure =
      "; have it issued for client and server use by an authority that is in the file";
  EXPECT_THAT(fault_of(TestAuthority("another").issue_to(node)),
              testing::AllOf(StartsWith("--tls-cert crt: --tls-ca ca does not vouch for CN = h1: "),
                             HasSubstr("unable to get local issuer certificate"), HasSubstr(cure)));
  EXPECT_THAT(fault_of(TestAuthority().issue_to(node)), HasSubstr("does not vouch for CN = h1: "))
      << "of the same name, with another key";
  EXPECT_THAT(fault_of(authority.issue({.from = -7200, .until = -3600})),
              HasSubstr("certificate has expired"));
  EXPECT_THAT(fault_of(authority.issue({.from = 3600, .until = 7200})),
              HasSubstr("certificate is not yet valid"));
  for (const char* half : {"clientAuth", "serverAuth"}) {
    EXPECT_THAT(fault_of(authority.issue({.usage = half})), HasSubstr("unsuitable certificate purpose"))
        << half;
  }
}

TEST_F(CertificatesTest, ThatAreNoneAreRefused) {
  const auto issued = authority.issue_to(node);
  const auto fault = [](const Bytes& authorities, const Bytes& chain, const Bytes& key) {
    return Certificates::parse({"ca", authorities}, {"crt", chain}, {"key", key}).error().text;
  };
  for (const Bytes& rubbish :
       {Bytes(), Bytes("rubbish"), issued.key, Bytes("-----BEGIN CERTIFICATE-----\nAAAA\n")}) {
    EXPECT_THAT(fault(rubbish, issued.certificate, issued.key),
                StartsWith("ca: there is no certificate in it"));
    EXPECT_THAT(fault(authority.pem(), rubbish, issued.key),
                StartsWith("crt: there is no certificate in it"));
  }
  EXPECT_THAT(fault(authority.pem(), issued.certificate, issued.certificate),
              StartsWith("key: there is no private key in it"));
}

TEST_F(CertificatesTest, AKeyWithAPassphraseIsRefusedWithoutAskingForIt) {
  const auto issued = authority.issue_to(node);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), BIO_free_all);
  const std::string passphrase = "hunter2";
  PEM_write_bio_PrivateKey(bio.get(), key.get(), EVP_aes_128_cbc(),
                           reinterpret_cast<const unsigned char*>(passphrase.data()),
                           static_cast<int>(passphrase.size()), nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  EXPECT_EQ(fault_of({issued.certificate, Bytes(text, static_cast<std::size_t>(size))}),
            "--tls-key key: the key has a passphrase; give it without, in a file of root's alone");
}

}  // namespace
}  // namespace overlay::transport
