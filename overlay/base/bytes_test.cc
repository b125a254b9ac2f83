// SPDX-License-Identifier: Apache-2.0
#include "overlay/base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace overlay {
namespace {

RC_GTEST_PROP(Hex, ReadsBackWhatItWrote, (const std::string& bytes)) {
  RC_ASSERT(from_hex(to_hex(bytes)).value() == bytes);
}

TEST(Hex, RefusesOddLengthAndForeignCharacters) {
  EXPECT_EQ(from_hex("abc").error().code, Errc::invalid);
  EXPECT_EQ(from_hex("zz").error().text, "not hexadecimal: zz");
  EXPECT_EQ(from_hex("AF").value(), "\xaf");
}

TEST(FixedBytes, RefusesAnotherLengthAndSaysBoth) {
  EXPECT_EQ(NodeId::parse("short").error().text, "node id has 5 bytes, not 16");
}

TEST(FixedBytes, ShortHexIsEightDigits) {
  const auto id = NodeId::from_hex_text("0123456789abcdef0123456789abcdef").value();
  EXPECT_EQ(id.short_hex(), "01234567");
  EXPECT_EQ(id.hex(), "0123456789abcdef0123456789abcdef");
}

TEST(AppendBe, PutsTheHighByteFirst) {
  Bytes out;
  append_be(out, std::uint32_t{0x01020304});
  EXPECT_EQ(to_hex(out), "01020304");
}

TEST(Try, ReturnsTheErrorAndKeepsTheValue) {
  const auto half = [](int n) -> Result<int> {
    if (n % 2 != 0) return fail(Errc::invalid, "odd");
    return n / 2;
  };
  const auto quarter = [&](int n) -> Result<int> {
    OVERLAY_TRY(const int h, half(n));
    return half(h);
  };
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().text, "odd");
  EXPECT_EQ(quarter(3).error().text, "odd");
}

}  // namespace
}  // namespace overlay
