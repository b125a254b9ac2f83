// SPDX-License-Identifier: Apache-2.0
#include "overlay/base/crypto.h"

#include <gtest/gtest.h>

namespace overlay {
namespace {

TEST(Sha256, MatchesFips180) {
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Ed25519, MatchesRfc8032Test1) {
  const auto seed =
      SecretSeed::from_hex_text("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").value();
  const KeyPair key = KeyPair::from_seed(seed);
  EXPECT_EQ(key.public_key.hex(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(key.sign("").hex(),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b");
}

TEST(Ed25519, RefusesAnotherMessageKeyOrSignature) {
  const KeyPair key = KeyPair::from_seed({});
  const Signature signature = key.sign("message");
  EXPECT_TRUE(verify(key.public_key, "message", signature));
  EXPECT_FALSE(verify(key.public_key, "massage", signature));
  EXPECT_FALSE(verify(PublicKey{}, "message", signature));
  Signature bent = signature;
  bent.bytes[3] ^= 1;
  EXPECT_FALSE(verify(key.public_key, "message", bent));
}

}  // namespace
}  // namespace overlay
