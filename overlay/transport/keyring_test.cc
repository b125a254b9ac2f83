// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/keyring.h"

#include <gtest/gtest.h>

namespace overlay::transport {
namespace {

Secret key(std::uint8_t seed) { return Secret({seed}); }

std::string refusal(const std::vector<Secret>& secrets) {
  const auto made = Keyring::make(secrets);
  return made ? "made" : made.error().text;
}

TEST(Keyring, FindsEachOfItsKeysByItsIdAndNoOther) {
  const Keyring keys = Keyring::make({key(1), key(2)}).value();
  EXPECT_EQ(keys.at(0).id, key(1).key_id());
  EXPECT_EQ(keys.find(key(2).key_id()), &keys.at(1));
  EXPECT_EQ(keys.find(key(3).key_id()), nullptr);
  EXPECT_EQ(keys.find(""), nullptr);
  EXPECT_EQ(keys.ids(), key(1).key_id() + ", " + key(2).key_id());
}

TEST(Keyring, HoldsOneToFourDifferentKeys) {
  EXPECT_EQ(refusal({}), "0 secrets are given; give 1 to 4");
  EXPECT_EQ(refusal({key(1), key(2), key(3), key(4)}), "made");
  EXPECT_EQ(refusal({key(1), key(2), key(3), key(4), key(5)}), "5 secrets are given; give 1 to 4");
  EXPECT_EQ(refusal({key(1), key(2), key(1)}),
            "the secret with key id " + key(1).key_id() + " is given twice; give each once");
}

}  // namespace
}  // namespace overlay::transport
