// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/call_rate.h"

#include <gtest/gtest.h>

namespace overlay::transport {
namespace {

constexpr Time start{};

Ip ip(const std::string& text) { return *Ip::parse(text); }

int admitted(CallRate& rate, const std::string& source, int calls, Time now) {
  int out = 0;
  for (int i = 0; i < calls; ++i) out += rate.admits(ip(source), now) ? 1 : 0;
  return out;
}

TEST(CallRate, AdmitsABurstAndThenASteadyFew) {
  CallRate rate;
  EXPECT_EQ(admitted(rate, "192.0.2.1", 1000, start), CallRate::burst);
  EXPECT_EQ(admitted(rate, "192.0.2.1", 1000, start + CallRate::interval), 1);
  EXPECT_EQ(admitted(rate, "192.0.2.1", 1000, start + 11 * CallRate::interval), 10);
  EXPECT_EQ(admitted(rate, "192.0.2.1", 1000, start + std::chrono::hours(1)), CallRate::burst);
}

TEST(CallRate, OfOneSourceIsNothingToAnother) {
  CallRate rate;
  admitted(rate, "192.0.2.1", 1000, start);
  EXPECT_TRUE(rate.admits(ip("192.0.2.2"), start));
}

TEST(CallRate, TakesAHostsIPv6NetworkForOneSource) {
  CallRate rate;
  admitted(rate, "2001:db8::1", 1000, start);
  EXPECT_FALSE(rate.admits(ip("2001:db8::ffff:2"), start));
  EXPECT_TRUE(rate.admits(ip("2001:db8:0:1::1"), start));
}

TEST(CallRate, RemembersABoundedNumberOfSources) {
  CallRate rate;
  for (int i = 0; i < 100'000; ++i) {
    const std::string source =
        "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255);
    rate.admits(ip(source), start + std::chrono::microseconds(i));
    ASSERT_LE(rate.sources(), CallRate::max_sources);
  }
}

TEST(CallRate, ForgetsTheQuietBeforeTheBusy) {
  CallRate rate;
  const Time later = start + std::chrono::seconds(1);
  for (std::size_t i = 0; i + 1 < CallRate::max_sources; ++i) {
    rate.admits(ip("10.1." + std::to_string(i / 256) + "." + std::to_string(i % 256)), start);
  }
  admitted(rate, "192.0.2.1", 1000, later);
  EXPECT_TRUE(rate.admits(ip("192.0.2.2"), later)) << "makes room";
  EXPECT_LT(rate.sources(), 3u);
  EXPECT_FALSE(rate.admits(ip("192.0.2.1"), later));
}

}  // namespace
}  // namespace overlay::transport
