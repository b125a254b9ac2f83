// SPDX-License-Identifier: Apache-2.0
// Goal: every value type reads back what it wrote, refuses what it is not, and counts right at the edges.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "overlay/addr/endpoint.h"
#include "overlay/addr/mac.h"
#include "overlay/addr/prefix.h"

namespace overlay {
namespace {

Ip ip(std::string_view text) { return Ip::parse(text).value(); }
Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

rc::Gen<Ip> any_ip() {
  return rc::gen::oneOf(rc::gen::map(rc::gen::arbitrary<std::uint32_t>(), &Ip::v4),
                        rc::gen::map(rc::gen::arbitrary<std::array<std::uint8_t, 16>>(), &Ip::v6));
}

RC_GTEST_PROP(Ip, ReadsBackItsText, ()) {
  const Ip address = *any_ip();
  RC_ASSERT(Ip::parse(address.text()).value() == address);
  RC_ASSERT(Ip::from_bytes(address.bytes()).value() == address);
}

RC_GTEST_PROP(Ip, PlusAndDistanceUndoEachOther, (std::uint32_t offset)) {
  const Ip base = Ip::v6(*rc::gen::arbitrary<std::array<std::uint8_t, 16>>());
  const Ip far = base.plus(offset);
  RC_PRE(far >= base);
  RC_ASSERT(far.distance_from(base) == offset);
}

TEST(Ip, RefusesWhatIsNotAnAddress) {
  for (const auto* text : {"", "10.0.0", "10.0.0.256", "fe80::1%eth0", "host", "10.0.0.1/8"}) {
    EXPECT_EQ(Ip::parse(text).error().code, Errc::invalid) << text;
  }
}

TEST(Ip, KnowsItsKinds) {
  EXPECT_TRUE(ip("127.0.0.1").is_loopback());
  EXPECT_TRUE(ip("::1").is_loopback());
  EXPECT_FALSE(ip("::2").is_loopback());
  EXPECT_TRUE(ip("224.0.0.1").is_multicast());
  EXPECT_TRUE(ip("ff02::1").is_multicast());
  EXPECT_TRUE(ip("169.254.1.1").is_link_local());
  EXPECT_TRUE(ip("fe80::1").is_link_local());
  EXPECT_TRUE(ip("::").is_unspecified());
  EXPECT_LT(ip("255.255.255.255"), ip("::"));
}

TEST(Ip, DistanceSaturates) {
  EXPECT_EQ(ip("ffff::").distance_from(ip("::")), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(ip("10.1.0.0").distance_from(ip("10.0.0.0")), 65536U);
}

TEST(Prefix, NamesTheAlignedOneWhenHostBitsAreSet) {
  EXPECT_EQ(Prefix::parse("10.32.0.1/12").error().text,
            "10.32.0.1/12 has host bits set; the prefix is 10.32.0.0/12");
  EXPECT_EQ(Prefix::parse("10.32.0.0").error().text, "'10.32.0.0' is not a prefix; write ADDRESS/LENGTH");
  EXPECT_EQ(Prefix::parse("10.0.0.0/33").error().text, "/33 is not a length of an IPv4 prefix");
  EXPECT_EQ(Prefix::parse("10.0.0.0/8x").error().code, Errc::invalid);
}

TEST(Prefix, CountsAndFindsItsParts) {
  const Prefix pool = prefix("10.32.0.0/12");
  EXPECT_EQ(pool.count_of(24), 4096U);
  EXPECT_EQ(pool.nth(24, 0).text(), "10.32.0.0/24");
  EXPECT_EQ(pool.nth(24, 4095).text(), "10.47.255.0/24");
  EXPECT_EQ(pool.nth(24, 300).index_in(pool), 300U);
  EXPECT_EQ(pool.count_of(8), 0U);
  EXPECT_EQ(prefix("::/0").size(), (std::uint64_t{1} << 53) - 1);
  EXPECT_EQ(prefix("fd00::/48").nth(64, 0xffff).text(), "fd00:0:0:ffff::/64");
}

RC_GTEST_PROP(Prefix, AroundContainsItsAddressAndParses, ()) {
  const Ip address = *any_ip();
  const Prefix around = Prefix::around(address, *rc::gen::inRange(0, address.bits() + 1));
  RC_ASSERT(around.contains(address));
  RC_ASSERT(Prefix::parse(around.text()).value() == around);
}

RC_GTEST_PROP(Prefix, TwoOverlapOnlyWhenOneHoldsTheOther, (std::uint16_t a, std::uint16_t b)) {
  const Prefix first = Prefix::around(Ip::v4(a), *rc::gen::inRange(16, 33));
  const Prefix second = Prefix::around(Ip::v4(b), *rc::gen::inRange(16, 33));
  bool shared = false;
  for (std::uint32_t value = 0; value < 65536 && !shared; ++value) {
    shared = first.contains(Ip::v4(value)) && second.contains(Ip::v4(value));
  }
  RC_ASSERT(first.overlaps(second) == shared);
}

TEST(Mac, ReadsBackItsText) {
  const Mac mac = parse_mac("02:00:5e:10:00:ff").value();
  EXPECT_EQ(text(mac), "02:00:5e:10:00:ff");
  for (const auto* bad : {"", "02:00:5e:10:00", "02:00:5e:10:00:fg", "02005e1000ff"}) {
    EXPECT_FALSE(parse_mac(bad)) << bad;
  }
}

TEST(Mac, DerivedOnesAreLocalUnicastAndApart) {
  const NodeId node = NodeId::from_hex_text("00112233445566778899aabbccddeeff").value();
  EXPECT_EQ(vtep_mac(node).bytes[0] & 3, 2);
  EXPECT_EQ(bridge_mac(node).bytes[0] & 3, 2);
  EXPECT_NE(vtep_mac(node), bridge_mac(node));
  EXPECT_EQ(text(pod_mac(ip("10.32.0.5"))), "0a:58:0a:20:00:05");
}

RC_GTEST_PROP(Vni, IsInItsRange, (std::array<std::uint8_t, 16> bytes)) {
  const std::uint32_t vni = vni_of(ClusterId{bytes});
  RC_ASSERT(vni >= 0x100000U && vni < 0x1000000U);
}

TEST(Endpoint, ReadsBackItsText) {
  EXPECT_EQ(Endpoint::parse("10.0.0.1:6783").value().text(), "10.0.0.1:6783");
  EXPECT_EQ(Endpoint::parse("[fd00::1]:1").value().text(), "[fd00::1]:1");
  for (const auto* bad : {"10.0.0.1", "10.0.0.1:0", "10.0.0.1:65536", "h1:6783", "[fd00::1", ":1", ""}) {
    EXPECT_FALSE(Endpoint::parse(bad)) << bad;
  }
}

TEST(HostPort, TakesNamesAndAddressesWithAndWithoutPort) {
  EXPECT_EQ(HostPort::parse("h1", 6783).value().text(), "h1:6783");
  EXPECT_EQ(HostPort::parse("h1:7", 6783).value().text(), "h1:7");
  EXPECT_EQ(HostPort::parse("fd00::1", 6783).value().text(), "[fd00::1]:6783");
  EXPECT_EQ(HostPort::parse("[fd00::1]", 6783).value().text(), "[fd00::1]:6783");
  EXPECT_EQ(HostPort::parse("[fd00::1]:8", 6783).value().text(), "[fd00::1]:8");
  for (const auto* bad : {"", "h 1", "h1:", "h1:x", "http://h1", "[fd00::1"}) {
    EXPECT_FALSE(HostPort::parse(bad, 6783)) << bad;
  }
}

}  // namespace
}  // namespace overlay
