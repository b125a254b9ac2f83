// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/text.h"

#include <gmock/gmock.h>

#include "overlay/ctl/json_text.h"

namespace overlay::ctl {
namespace {

using namespace std::chrono_literals;

TEST(Text, TellsAgesInTheirLargestWholeUnit) {
  const WallTime now{1000h};
  const std::pair<WallTime::duration, const char*> cases[] = {
      {0s, "0s"},    {999ms, "0s"}, {12s, "12s"}, {59'999ms, "59s"}, {60s, "1m"}, {59min, "59m"},
      {60min, "1h"}, {23h, "23h"},  {24h, "1d"},  {999h, "41d"},     {-5s, "0s"},
  };
  for (const auto& [passed, text] : cases) EXPECT_EQ(age(now - passed, now), text);
}

TEST(Text, TellsLatencyWithThreeDigits) {
  const std::pair<double, const char*> cases[] = {
      {0, ""},           {0.000025, "0.03ms"}, {0.00025, "0.25ms"}, {0.0123, "12.3ms"},
      {0.25, "250.0ms"}, {1.5, "1.50s"}};
  for (const auto& [seconds, text] : cases) EXPECT_EQ(latency(seconds), text);
}

TEST(Text, TellsShares) {
  const std::pair<double, const char*> cases[] = {{0, "0%"}, {0.015, "1.5%"}, {0.5, "50%"}, {1, "100%"}};
  for (const auto& [fraction, text] : cases) EXPECT_EQ(percent(fraction), text);
}

TEST(Text, TellsByteCountsInBinaryUnits) {
  const std::pair<double, const char*> cases[] = {
      {0, "0B"},      {1023, "1023B"}, {1024, "1.0KiB"}, {1536, "1.5KiB"}, {1024 * 1024 - 1, "1.0MiB"},
      {5e9, "4.7GiB"}};
  for (const auto& [bytes, text] : cases) EXPECT_EQ(byte_count(bytes), text);
}

TEST(Text, TellsWholeNumbersExactly) {
  EXPECT_EQ(whole(0), "0");
  EXPECT_EQ(whole(9007199254740991.0), "9007199254740991");
}

TEST(Text, TellsTimesAsRfc3339) {
  EXPECT_EQ(timestamp(WallTime(1'767'225'599'007ms)), "2025-12-31T23:59:59.007Z");
  EXPECT_EQ(timestamp(WallTime(-1ms)), "1969-12-31T23:59:59.999Z");
}

TEST(Text, ReadsDurations) {
  const std::pair<const char*, std::chrono::milliseconds> cases[] = {
      {"30s", 30s}, {"500ms", 500ms}, {"2m", 2min}, {"1h", 1h}, {"0s", 0s}, {"24h", 24h}};
  for (const auto& [text, duration] : cases) EXPECT_EQ(parse_duration(text).value(), duration) << text;
  for (const auto* text :
       {"", "30", "s", "-1s", "1.5s", "30 s", "30sec", "25h", "99999999999s", "4294967295h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Text, KeepsTerminalsSafe) {
  EXPECT_EQ(printable("h1 \x1b[31mred\n\t\x7f"), "h1 ?[31mred???");
  EXPECT_EQ(printable("caf\u00e9 \u009b2J"), "caf\u00e9 ?2J");
}

TEST(Text, CountsColumnsAndShortensByCodePoints) {
  EXPECT_EQ(display_width("caf\u00e9"), 4u);
  EXPECT_EQ(shorten("caf\u00e9", 4), "caf\u00e9");
  EXPECT_EQ(shorten("caf\u00e9s!", 5), "caf\u00e9…");
  EXPECT_EQ(shorten("abc", 1), "…");
}

TEST(Json, IsIndentedWithoutAChangeOfItsValues) {
  EXPECT_EQ(indented(R"({"a":[1,2.50,{"b":"x, \"y\": {\\"}],"c":{},"d":[ ],"e":null})"
                     "\n"),
            R"({
  "a": [
    1,
    2.50,
    {
      "b": "x, \"y\": {\\"
    }
  ],
  "c": {},
  "d": [],
  "e": null
}
)");
}

TEST(Json, CutShortStillEnds) {
  for (const auto* text : {"", "{", "\"abc", "\"abc\\", "]}}", "[[["}) EXPECT_FALSE(indented(text).empty());
}

}  // namespace
}  // namespace overlay::ctl
