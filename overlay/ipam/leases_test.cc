// SPDX-License-Identifier: Apache-2.0
// Goal: no address is leased twice, none outside the blocks, none reserved, none that still cools.
#include "overlay/ipam/leases.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "overlay/ipam/test_prefix.h"

namespace overlay::ipam {
namespace {

using std::chrono::seconds;

LeaseKey key(int n) { return {"overlay", "c" + std::to_string(n), "eth0"}; }
Time at(int s) { return Time(seconds(s)); }

Supply v4(std::vector<Prefix> blocks) { return {{Family::v4}, std::move(blocks)}; }

std::string first_text(const Result<Lease>& lease) { return lease.value().addresses.front().text(); }

TEST(Leases, GiveOneAddressOfEachFamily) {
  Leases leases;
  const Supply supply{{Family::v4, Family::v6}, {prefix("10.0.0.0/24"), prefix("fd00::/64")}};
  const auto lease = leases.add(key(1), {}, supply, at(0)).value();
  ASSERT_EQ(lease.addresses.size(), 2U);
  EXPECT_EQ(lease.addresses[0].text(), "10.0.0.1");
  EXPECT_EQ(lease.addresses[1].text(), "fd00::1");
  EXPECT_EQ(leases.in_use(prefix("fd00::/64")), 1U);
  EXPECT_EQ(leases.all(), std::vector{lease});
}

TEST(Leases, TakeNothingWhenAFamilyIsMissing) {
  Leases leases;
  const auto lease = leases.add(key(1), {}, {{Family::v4, Family::v6}, {prefix("10.0.0.0/24")}}, at(0));
  EXPECT_EQ(lease.error().code, Errc::unavailable);
  EXPECT_EQ(lease.error().text, "no IPv6 address block yet; one was asked for, try again");
  EXPECT_EQ(leases.in_use(prefix("10.0.0.0/24")), 0U);
}

TEST(Leases, AnswerTheSameKeyWithTheSameLease) {
  Leases leases;
  const auto supply = v4({prefix("10.0.0.0/24")});
  const auto first = leases.add(key(1), WallTime(seconds(7)), supply, at(0)).value();
  EXPECT_EQ(leases.add(key(1), WallTime(seconds(8)), supply, at(1)).value(), first);
  EXPECT_EQ(leases.add(key(1), {}, v4({}), at(1)).value(), first) << "even with no block left";
  EXPECT_EQ(*leases.find(key(1)), first);
}

TEST(Leases, GiveTheAddressAndMacAskedForOrSayWhyNot) {
  Leases leases;
  const Supply supply{{Family::v4, Family::v6}, {prefix("10.0.0.0/24"), prefix("fd00::/64")}};
  LeaseRequest wanted = key(1);
  wanted.addresses = {Ip::parse("10.0.0.9").value()};
  wanted.mac = parse_mac("02:00:00:00:00:09").value();
  const auto lease = leases.add(wanted, {}, supply, at(0)).value();
  EXPECT_EQ(lease.addresses[0].text(), "10.0.0.9");
  EXPECT_EQ(lease.addresses[1].text(), "fd00::1") << "the other family is not asked about";
  EXPECT_EQ(lease.mac, wanted.mac);
  EXPECT_EQ(leases.add(wanted, {}, supply, at(1)).value(), lease);

  LeaseRequest again = key(1);
  again.addresses = {Ip::parse("10.0.0.8").value()};
  EXPECT_EQ(leases.add(again, {}, supply, at(1)).error().code, Errc::conflict) << "it holds another";
  for (const char* refused : {"10.0.0.9", "10.0.0.0", "10.0.1.1", "fd01::1"}) {
    LeaseRequest other = key(2);
    other.addresses = {Ip::parse(refused).value()};
    const auto failed = leases.add(other, {}, supply, at(1));
    EXPECT_EQ(failed.error().code, Errc::conflict) << refused;
    EXPECT_NE(failed.error().text.find(refused), std::string::npos) << failed.error().text;
  }
  EXPECT_EQ(leases.size(), 1U);
}

TEST(Leases, GiveAnAddressThatStillCoolsToWhoeverNamesIt) {
  Leases leases;
  const auto supply = v4({prefix("10.0.0.0/24")});
  LeaseRequest wanted = key(1);
  wanted.addresses = {Ip::parse("10.0.0.9").value()};
  ASSERT_TRUE(leases.add(wanted, {}, supply, at(0)));
  leases.release(key(1), at(1));
  wanted.key = key(2);
  EXPECT_EQ(first_text(leases.add(wanted, {}, supply, at(2))), "10.0.0.9");
}

TEST(Leases, LeaveOutIPv6WhereItIsSwitchedOff) {
  Leases leases;
  LeaseRequest request = key(1);
  request.without_ipv6 = true;
  const Supply both{{Family::v4, Family::v6}, {prefix("10.0.0.0/24"), prefix("fd00::/64")}};
  EXPECT_EQ(leases.add(request, {}, both, at(0)).value().addresses,
            std::vector{Ip::parse("10.0.0.1").value()});
  const Supply v6{{Family::v6}, {prefix("fd00::/64")}};
  request.key = key(2);
  EXPECT_EQ(leases.add(request, {}, v6, at(0)).error().code, Errc::unsupported);
}

TEST(Leases, GoRoundTheBlockInsteadOfReusingTheLowest) {
  Leases leases;
  const auto supply = v4({prefix("10.0.0.0/24")});
  EXPECT_EQ(first_text(leases.add(key(1), {}, supply, at(0))), "10.0.0.1");
  EXPECT_TRUE(leases.release(key(1), at(0)));
  EXPECT_FALSE(leases.release(key(1), at(0))) << "a second release finds nothing and is no error";
  EXPECT_EQ(first_text(leases.add(key(2), {}, supply, at(100))), "10.0.0.2");
}

TEST(Leases, CoolFor60Seconds) {
  Leases leases;
  const auto supply = v4({prefix("10.0.0.0/31")});
  EXPECT_EQ(first_text(leases.add(key(1), {}, supply, at(0))), "10.0.0.1");
  leases.release(key(1), at(10));
  EXPECT_EQ(
      leases.add(key(2), {}, supply, at(69)).error().text,
      "all 1 addresses of 10.0.0.0/31 are leased or were until a minute ago; a further block was asked for");
  EXPECT_EQ(first_text(leases.add(key(2), {}, supply, at(70))), "10.0.0.1");
}

TEST(Leases, SayWhenABlockIsFull) {
  Leases leases;
  const auto supply = v4({prefix("10.0.0.0/24")});
  for (int i = 0; i < 255; ++i) ASSERT_TRUE(leases.add(key(i), {}, supply, at(0)));
  const auto full = leases.add(key(255), {}, supply, at(0));
  EXPECT_EQ(full.error().code, Errc::exhausted);
  EXPECT_EQ(full.error().text, "all 255 addresses of 10.0.0.0/24 are leased; a further block was asked for");
  const auto more = v4({prefix("10.0.0.0/24"), prefix("10.0.9.0/24")});
  EXPECT_EQ(first_text(leases.add(key(255), {}, more, at(0))), "10.0.9.1");
}

TEST(Leases, WantABlockAtNoneAndAboveThreeQuarters) {
  Leases leases;
  EXPECT_TRUE(leases.wants_block(Family::v4, v4({}), at(0)));
  const auto supply = v4({prefix("10.0.0.0/24")});
  for (int i = 0; i < 191; ++i) ASSERT_TRUE(leases.add(key(i), {}, supply, at(0)));
  EXPECT_FALSE(leases.wants_block(Family::v4, supply, at(0)));
  ASSERT_TRUE(leases.add(key(191), {}, supply, at(0)));
  EXPECT_TRUE(leases.wants_block(Family::v4, supply, at(0)));
  leases.release(key(0), at(0));
  EXPECT_TRUE(leases.wants_block(Family::v4, supply, at(59))) << "what cools cannot be leased either";
  EXPECT_FALSE(leases.wants_block(Family::v4, supply, at(60)));
  EXPECT_TRUE(leases.wants_block(Family::v6, supply, at(60)));
}

TEST(Leases, GoOnBehindTheRestoredOnes) {
  Leases leases;
  leases.restore({key(1), {Ip::parse("10.0.0.7").value()}, {}});
  EXPECT_EQ(first_text(leases.add(key(1), {}, v4({prefix("10.0.0.0/24")}), at(0))), "10.0.0.7");
  EXPECT_EQ(first_text(leases.add(key(2), {}, v4({prefix("10.0.0.0/24")}), at(0))), "10.0.0.8");
}

TEST(Leases, CoolOverARestart) {
  Leases before;
  const auto supply = v4({prefix("10.0.0.0/31")});
  ASSERT_TRUE(before.add(key(1), {}, supply, at(0)));
  before.release(key(1), at(10));
  Leases after;
  for (const auto& [address, since] : before.resting()) after.rest(address, since);
  EXPECT_EQ(after.add(key(2), {}, supply, at(69)).error().code, Errc::exhausted);
  EXPECT_EQ(first_text(after.add(key(2), {}, supply, at(70))), "10.0.0.1");
  EXPECT_TRUE(after.resting().empty());
}

TEST(Leases, KnowTheCapacityOfEveryBlock) {
  EXPECT_EQ(capacity(prefix("10.0.0.0/24")), 255U);
  EXPECT_EQ(capacity(prefix("10.0.0.0/32")), 0U);
  EXPECT_EQ(capacity(prefix("fd00::/112")), 65535U);
  EXPECT_EQ(capacity(prefix("fd00::/64")), (std::uint64_t{1} << 53) - 1);
}

/// Random adds, releases, passing of time and new blocks, with every answer checked against a plain record of
/// them.
RC_GTEST_PROP(Leases, NeverGiveAnAddressTwiceOrTooSoonOrOutside, ()) {
  Leases leases;
  Supply supply{{Family::v4, Family::v6}, {prefix("10.0.0.0/29"), prefix("fd00::/125")}};
  std::map<int, Lease> live;
  std::map<Ip, Time> released;
  Time now = at(0);
  const auto steps = *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::arbitrary<std::uint32_t>());
  for (const auto step : steps) {
    now += seconds(step % 31);
    const int n = static_cast<int>(step / 64 % 24);
    if (step % 16 == 15 && supply.blocks.size() == 2) {
      supply.blocks = {prefix("10.0.0.0/29"), prefix("10.0.8.0/30"), prefix("fd00::/125"),
                       prefix("fd00::80/126")};
    } else if (step % 2 == 0) {
      const bool had = live.contains(n);
      const auto lease = leases.add(key(n), {}, supply, now);
      if (!lease) continue;
      RC_ASSERT((!had || lease.value() == live.at(n)));
      live[n] = lease.value();
      for (const auto& address : lease.value().addresses) {
        const auto inside = [&](const Prefix& block) {
          return block.contains(address) && block.address() != address;
        };
        RC_ASSERT(std::any_of(supply.blocks.begin(), supply.blocks.end(), inside));
        RC_ASSERT((had || !released.contains(address) || released.at(address) + cooling_time <= now));
      }
    } else if (const auto gone = leases.release(key(n), now)) {
      RC_ASSERT(*gone == live.at(n));
      live.erase(n);
      for (const auto& address : gone->addresses) released[address] = now;
    } else {
      RC_ASSERT(!live.contains(n));
    }
    std::set<Ip> addresses;
    for (const auto& [unused, lease] : live) addresses.insert(lease.addresses.begin(), lease.addresses.end());
    RC_ASSERT(addresses.size() == live.size() * 2);
    RC_ASSERT(leases.all().size() == live.size());
  }
}

RC_GTEST_PROP(Leases, RefuseOnlyWhenEverythingIsTakenOrCools, (std::vector<std::uint8_t> steps)) {
  Leases leases;
  const auto supply = v4({prefix("10.0.0.0/29"), prefix("10.0.1.0/30")});
  std::map<Ip, Time> busy_until;
  Time now = at(0);
  for (const auto step : steps) {
    now += seconds(step % 7);
    const int n = step / 8;
    if (step % 3 == 0) {
      if (const auto gone = leases.release(key(n), now)) busy_until[gone->addresses[0]] = now + cooling_time;
      continue;
    }
    const auto lease = leases.add(key(n), {}, supply, now);
    if (lease) {
      busy_until[lease.value().addresses[0]] = Time::max();
    } else {
      RC_ASSERT(lease.error().code == Errc::exhausted);
      RC_ASSERT(std::count_if(busy_until.begin(), busy_until.end(),
                              [&](const auto& e) { return e.second > now; }) == 10);
    }
  }
}

}  // namespace
}  // namespace overlay::ipam
