// SPDX-License-Identifier: Apache-2.0
// Goal: a secret survives being carried as text, and nothing else than a whole secret is taken for one.
#include "overlay/base/secret.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace overlay {
namespace {

using testing::HasSubstr;
using testing::Not;

Secret counting() {
  std::array<std::uint8_t, Secret::size> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return Secret(bytes);
}

std::string refusal(std::string_view text) {
  const auto parsed = Secret::parse(text);
  return parsed ? "accepted" : parsed.error().text;
}

// The letters of the bytes 00 01 … 1f were computed by Python's base64.b32encode.
TEST(Secret, IsWrittenAsBase32) {
  EXPECT_THAT(counting().text(),
              testing::StartsWith("overlay-aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dyp"));
  EXPECT_EQ(counting().text().size(), 66U);
}

RC_GTEST_PROP(Secret, SurvivesBeingText, (const std::array<std::uint8_t, Secret::size>& bytes)) {
  const Secret secret(bytes);
  const auto again = Secret::parse(secret.text());
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == secret);
}

RC_GTEST_PROP(Secret, IsRefusedWithAnyLetterChanged, (const std::array<std::uint8_t, Secret::size>& bytes)) {
  std::string text = Secret(bytes).text();
  const auto at = *rc::gen::inRange<std::size_t>(8, text.size());
  text[at] = *rc::gen::suchThat(rc::gen::inRange<char>(' ', '~'), [&](char c) { return c != text[at]; });
  RC_ASSERT(!Secret::parse(text).has_value());
}

TEST(Secret, IsRefusedMistypedOrCutShort) {
  const std::string text = counting().text();
  std::string swapped = text;
  std::swap(swapped[20], swapped[21]);
  std::string upper = text;
  upper[20] = 'Z';
  // The last letter carries bits that belong to no byte.
  std::string loose = text;
  loose.back() = static_cast<char>(loose.back() + 1);
  for (const std::string& wrong :
       {text.substr(0, 65), text + "a", swapped, upper, loose, std::string("overlay-"), text + "\n"}) {
    EXPECT_EQ(refusal(wrong),
              "holds a cluster secret that was mistyped or cut short; copy it again from another host");
  }
}

TEST(Secret, IsNoPassword) {
  for (const char* password : {"hunter2", "correct horse battery staple", "OVERLAY-"}) {
    EXPECT_EQ(refusal(password),
              "is not a cluster secret but looks like a password, which a captured handshake would give away "
              "to guessing; make one with 'overlayctl token'");
    EXPECT_THAT(refusal(password), Not(HasSubstr(password)));
  }
}

TEST(Secret, IsNothingElse) {
  EXPECT_EQ(refusal(""), "is empty; make a cluster secret with 'overlayctl token'");
  const std::string other =
      "is not a cluster secret, which is one line that begins with 'overlay-'; make one with 'overlayctl "
      "token'";
  EXPECT_EQ(refusal(std::string("\x7f"
                                "ELF\0\1",
                                6)),
            other);
  EXPECT_EQ(refusal(std::string(100, 'x')), other);
}

TEST(Secret, IsNamedByItsKeyId) {
  std::array<std::uint8_t, Secret::size> bytes{};
  EXPECT_EQ(counting().key_id().size(), 16U);
  EXPECT_NE(counting().key_id(), Secret(bytes).key_id());
  EXPECT_EQ(counting().key_id(), counting().key_id());
}

TEST(Secret, GivesAnotherKeyForEachPurpose) {
  EXPECT_NE(counting().derive("one"), counting().derive("other"));
  EXPECT_THAT(counting().text(), Not(HasSubstr(counting().key_id())));
}

}  // namespace
}  // namespace overlay
