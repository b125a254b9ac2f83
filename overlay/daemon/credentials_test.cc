// SPDX-License-Identifier: Apache-2.0
// Goal: a certificate serves the node it is of and nobody else, and its key lies open to nobody.
#include "overlay/daemon/credentials.h"

#include <gmock/gmock.h>

#include "overlay/store/test_dir.h"
#include "overlay/transport/test_authority.h"

namespace overlay::daemon {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using transport::TestAuthority;

const NodeId holder{{7}};

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() {
    options.tls_ca = dir / "ca.crt";
    options.tls_cert = dir / "tls.crt";
    options.tls_key = dir / "tls.key";
    store::spill(options.tls_ca, authority.pem());
    place(authority.issue_to(holder));
  }
  void place(const TestAuthority::Issued& issued) const {
    store::spill(options.tls_cert, issued.certificate);
    store::spill(options.tls_key, issued.key);
    std::filesystem::permissions(options.tls_key, std::filesystem::perms::owner_read);
  }
  std::string fault() const {
    const auto loaded = load_credentials(options);
    if (!loaded) return loaded.error().text;
    const Status checked = check_node(options, **loaded, holder);
    return checked ? "none" : checked.error().text;
  }

  store::TestDir dir;
  TestAuthority authority;
  Options options;
};

TEST_F(CredentialsTest, OfThisNodeServe) {
  EXPECT_EQ(fault(), "none");
  EXPECT_TRUE(std::holds_alternative<transport::Certificates>(**load_credentials(options)));
}

TEST_F(CredentialsTest, OfAnotherNodeOrOfNoneAreRefusedWithTheNameThatIsMissing) {
  const std::string cure =
      " and this node is " + holder.hex() +
      "; have it issued with the subject alternative name URI:overlay:node:" + holder.hex();
  std::filesystem::remove(options.tls_key);
  place(authority.issue({}));
  EXPECT_EQ(fault(), "--tls-cert " + options.tls_cert.string() + ": it is of no node" + cure);
  std::filesystem::remove(options.tls_key);
  place(authority.issue_to(NodeId{{8}}));
  EXPECT_EQ(fault(),
            "--tls-cert " + options.tls_cert.string() + ": it is of the node " + NodeId{{8}}.hex() + cure);
}

TEST_F(CredentialsTest, WithAKeyThatOthersCanReadAreRefused) {
  std::filesystem::permissions(options.tls_key, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_THAT(fault(), testing::AllOf(StartsWith("--tls-key: "), HasSubstr(options.tls_key.string())));
}

TEST_F(CredentialsTest, ThatAreNotThereAreNamed) {
  std::filesystem::remove(options.tls_ca);
  EXPECT_THAT(fault(), testing::AllOf(StartsWith("--tls-ca: "), HasSubstr(options.tls_ca.string())));
}

}  // namespace
}  // namespace overlay::daemon
