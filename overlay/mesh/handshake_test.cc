// SPDX-License-Identifier: Apache-2.0
// Goal: two that can be peers agree, two that cannot get one sentence each side can read, and a proof cannot
// be replayed, reflected or made without the key.
#include "overlay/mesh/handshake.h"

#include <gtest/gtest.h>

namespace overlay::mesh {
namespace {

Self node(std::uint8_t seed, std::string name) {
  Self self;
  self.identity = KeyPair::from_seed(SecretSeed{{seed}});
  self.id = self.identity.node_id();
  self.name = std::move(name);
  self.version = "0.1.0";
  return self;
}

std::string verdict(const Self& self, const wire::Hello& hello, bool nonce_is_ours = false) {
  const Status status = judge_hello(self, hello, nonce_is_ours);
  return status ? "welcome" : status.error().text;
}

TEST(Hello, OfAPeerWithoutAClusterIsWelcome) {
  Self member = node(1, "h1");
  member.cluster = ClusterId{{1}};
  member.pools = {Prefix::parse("10.32.0.0/12").value()};
  EXPECT_EQ(verdict(member, make_hello(node(2, "h2"), {})), "welcome");
  EXPECT_EQ(verdict(node(2, "h2"), make_hello(member, {})), "welcome");
}

TEST(Hello, OfAnotherClusterIsRefusedNamingBoth) {
  Self mine = node(1, "h1");
  mine.cluster = ClusterId{{0xaa}};
  Self theirs = node(2, "h2");
  theirs.cluster = ClusterId{{0xbb}};
  EXPECT_EQ(
      verdict(mine, make_hello(theirs, {})),
      "different clusters: h1 is in aa000000, h2 is in bb000000; to move a host, stop it, remove its state "
      "directory and start it with --join alone");
}

TEST(Hello, WithAnotherPoolIsRefusedNamingBoth) {
  Self mine = node(1, "h1");
  mine.pools = {Prefix::parse("10.32.0.0/12").value()};
  Self theirs = node(2, "h2");
  theirs.pools = {Prefix::parse("10.64.0.0/12").value()};
  EXPECT_EQ(
      verdict(mine, make_hello(theirs, {})),
      "pools differ: h1 has 10.32.0.0/12, h2 has 10.64.0.0/12; start the one that joins without --pool");
}

TEST(Hello, OnAConnectionByTheCertificateOfAnotherNodeIsRefusedNamingBoth) {
  const Self mine = node(1, "h1");
  const Self other = node(2, "h2");
  const wire::Hello hello = make_hello(mine, {});
  EXPECT_TRUE(judge_certificate(hello, {})) << "there is none";
  EXPECT_TRUE(judge_certificate(hello, {"binding", mine.id}));
  EXPECT_EQ(judge_certificate(hello, {"binding", other.id}).error().text,
            "h1 is the node " + mine.id.hex() + " and shows a certificate of the node " + other.id.hex() +
                "; give each host the certificate of its own node");
}

TEST(Hello, OfNoCommonProtocolIsRefusedNamingBothRanges) {
  wire::Hello hello = make_hello(node(2, "h2"), {});
  hello.protocol_min = 7;
  hello.protocol_max = 9;
  EXPECT_EQ(
      verdict(node(1, "h1"), hello),
      "no common protocol: h1 (overlayd 0.1.0) speaks 2, h2 (overlayd 0.1.0) speaks 7..9; upgrade the older "
      "one");
}

TEST(Hello, FromOurselvesIsToldFromACopyOfUs) {
  const Self self = node(1, "h1");
  EXPECT_EQ(verdict(self, make_hello(self, {}), true), "h1 called itself");
  EXPECT_NE(verdict(self, make_hello(self, {})).find("one is a copy of the other"), std::string::npos);
}

TEST(Proof, HoldsForItsKeyRoleHellosAndConnectionOnly) {
  const Self dialler = node(1, "h1");
  const Self acceptor = node(2, "h2");
  const wire::Proof proof = make_proof(dialler.identity, true, {"a", "b", "c"});
  EXPECT_TRUE(judge_proof(proof, dialler.identity.public_key, true, {"a", "b", "c"}));
  EXPECT_FALSE(judge_proof(proof, acceptor.identity.public_key, true, {"a", "b", "c"}));
  EXPECT_FALSE(judge_proof(proof, dialler.identity.public_key, false, {"a", "b", "c"}));
  EXPECT_FALSE(judge_proof(proof, dialler.identity.public_key, true, {"a", "x", "c"}));
  EXPECT_FALSE(judge_proof(proof, dialler.identity.public_key, true, {"b", "a", "c"}));
  EXPECT_FALSE(judge_proof(proof, dialler.identity.public_key, true, {"a", "b", "x"}));
  EXPECT_FALSE(judge_proof(proof, dialler.identity.public_key, true, {"a", "b", ""}));
}

}  // namespace
}  // namespace overlay::mesh
