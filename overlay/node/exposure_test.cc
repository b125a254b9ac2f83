// SPDX-License-Identifier: Apache-2.0
// The address that a host has besides its first: leased, told when the kernel has it, kept, given back.
#include "overlay/node/exposure.h"

#include <gmock/gmock.h>

#include "overlay/node/test_host.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;
using test::config;
using test::pod;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Exposed : testing::Test {
  explicit Exposed(Config with = config()) : host(std::move(with)) { host.make_ready(); }

  std::string said() {
    host.node->kernel_reconciled(kernel, host.now);
    const auto answer = host.answer();
    if (!answer) return answer.error().text;
    std::string out;
    for (const Ip& address : *answer ? (*answer)->lease.addresses : std::vector<Ip>())
      out += address.text() + " ";
    return out;
  }
  std::string expose(const char* wanted = "") {
    host.node->expose(1, parse(wanted), {}, host.now);
    return said();
  }
  std::string hide(const char* which = "") {
    host.node->hide(2, parse(which), host.now);
    return said();
  }
  static std::optional<Ip> parse(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(Ip::parse(text).value());
  }
  std::vector<std::string> addresses() const {
    std::vector<std::string> out;
    const auto intent = host.node->intent();
    for (const Ip& address : intent->host_addresses) out.push_back(address.text());
    return out;
  }

  test::Host host;
  Status kernel;
};

TEST_F(Exposed, HasOneMoreAddressAndIsToldTheSameAgain) {
  EXPECT_EQ(expose(), "10.32.0.1 ");
  EXPECT_EQ(expose(), "10.32.0.1 ");
  EXPECT_EQ(expose("10.32.0.1"), "10.32.0.1 ");
  EXPECT_THAT(addresses(), ElementsAre("10.32.0.0", "10.32.0.1"));
  EXPECT_THAT(host.node->intent()->pods, IsEmpty());
  EXPECT_EQ(host.lease(pod).value()->lease.addresses.front().text(), "10.32.0.2");
}

TEST_F(Exposed, IsAnsweredWhenTheKernelHasIt) {
  host.node->expose(1, {}, {}, host.now);
  EXPECT_EQ(host.answer().error().text, "no answer");
  kernel = fail(Errc::io, "out of memory");
  EXPECT_EQ(said(), "the kernel: out of memory; it is tried again");
  kernel = {};
  EXPECT_EQ(expose(), "10.32.0.1 ");
}

TEST_F(Exposed, AsAnAddressOfItsOwnBlocksThatNobodyHas) {
  ASSERT_TRUE(host.lease(pod));
  EXPECT_EQ(expose("10.32.0.1"), "10.32.0.1 is leased to eth0 of container c1 in network overlay");
  EXPECT_EQ(expose("10.32.0.0"), "10.32.0.0 is this host's own: ask for another of 10.32.0.0/24");
  EXPECT_EQ(expose("10.33.0.9"), "10.33.0.9 lies in no address block of this host: it has 10.32.0.0/24");
  EXPECT_EQ(expose("fd32::9"), "fd32::9 is in no pool: they have no IPv6 addresses");
  EXPECT_EQ(expose("10.32.0.9"), "10.32.0.9 ");
  EXPECT_EQ(expose("10.32.0.10"),
            "h1 is exposed as 10.32.0.9 already: 'overlayctl hide' takes that back first");
}

TEST_F(Exposed, StaysThroughRestartsAndWithoutAnInterface) {
  EXPECT_EQ(expose("10.32.0.9"), "10.32.0.9 ");
  test::Host again(config(), host.log);
  again.make_ready();
  test::Host from_a_snapshot(config(), again.node->snapshot());
  from_a_snapshot.make_ready();
  for (int look = 0; look < 20; ++look) {
    from_a_snapshot.now += 1min;
    from_a_snapshot.node->interfaces_seen({"eth0"}, from_a_snapshot.now);
  }
  EXPECT_TRUE(from_a_snapshot.has_lease(host_attachment()));
  EXPECT_EQ(from_a_snapshot.node->intent()->host_addresses.back().text(), "10.32.0.9");
}

TEST_F(Exposed, IsNoPodThatKeepsItsHostFromLeaving) {
  ASSERT_EQ(expose(), "10.32.0.1 ");
  EXPECT_FALSE(host.node->plan_leave(false, host.now)) << "it is the only voter";
  EXPECT_THAT(host.node->plan_leave(false, host.now).error().text, testing::Not(HasSubstr("pods run")));
}

TEST_F(Exposed, IsHiddenAgain) {
  EXPECT_EQ(hide(), "") << "that it was not exposed is no error";
  EXPECT_EQ(hide("10.32.0.9"), "h1 is not exposed as 10.32.0.9: it is under no address");
  ASSERT_EQ(expose(), "10.32.0.1 ");
  EXPECT_EQ(hide("10.32.0.9"), "h1 is not exposed as 10.32.0.9: it is as 10.32.0.1");
  EXPECT_EQ(hide("10.32.0.1"), "10.32.0.1 ");
  EXPECT_THAT(addresses(), ElementsAre("10.32.0.0"));
  EXPECT_FALSE(test::Host(config(), host.log).has_lease(host_attachment()));
  EXPECT_EQ(host.lease(pod).value()->lease.addresses.front().text(), "10.32.0.2") << "the other one cools";
}

TEST(ExposedTooEarly, IsRefusedWithWhatTheNodeWaitsFor) {
  test::Host host;
  host.node->expose(1, {}, {}, host.now);
  EXPECT_THAT(host.answer().error().text,
              HasSubstr("this node is not ready; it waits for an underlay address"));
}

struct ExposedInBothFamilies : Exposed {
  static Config dual() {
    Config out = config();
    out.genesis.pools.push_back(Prefix::parse("fd32::/48").value());
    return out;
  }
  ExposedInBothFamilies() : Exposed(dual()) {}
};

TEST_F(ExposedInBothFamilies, HasAnAddressOfEach) {
  EXPECT_EQ(expose("fd32::77"), "10.32.0.1 fd32::77 ");
  EXPECT_THAT(addresses(), ElementsAre("10.32.0.0", "fd32::", "10.32.0.1", "fd32::77"));
  EXPECT_EQ(hide("10.32.0.1"), "10.32.0.1 fd32::77 ");
}

}  // namespace
}  // namespace overlay::node
