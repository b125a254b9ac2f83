// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/moving.h"

#include <gtest/gtest.h>
#include <set>

#include "overlay/plan/test_intents.h"

namespace overlay::plan {
namespace {

using std::chrono::milliseconds;

const Ip a = ip("192.0.2.1");
const Ip b = ip("203.0.113.1");
const Ip c = ip("198.51.100.1");

Underlay standing(const Ip& address, std::uint32_t mtu, std::vector<Ip> also) {
  return {.address = address, .mtu = mtu, .device = 0, .neighbourhood = {}, .also = std::move(also)};
}

/// A host with these addresses, whose way out is by one of them.
struct Host {
  Moving moving;
  std::set<Ip> addresses;
  Time now{};

  Underlay look(const Ip& way_out, std::uint32_t mtu = 1500) {
    return moving.look(
        {way_out, mtu, {}}, [this](const Ip& it) { return addresses.contains(it); }, now);
  }
};

TEST(Moving, AnnouncesThenUsesThenForgets) {
  Host host{.moving = {}, .addresses = {a, b}};
  EXPECT_EQ(host.look(a), standing(a, 1500, {})) << "there is nowhere to move from";
  EXPECT_EQ(host.look(b, 9000), standing(a, 1500, {b}));
  EXPECT_EQ(host.moving.next_look(), host.now + Moving::announce);
  host.now += Moving::announce - milliseconds(1);
  EXPECT_EQ(host.look(b, 9000), standing(a, 1500, {b}));
  host.now += milliseconds(1);
  EXPECT_EQ(host.look(b, 9000), standing(b, 9000, {a}));
  host.now += Moving::linger - milliseconds(1);
  EXPECT_EQ(host.look(b, 9000), standing(b, 9000, {a}));
  host.now += milliseconds(1);
  EXPECT_EQ(host.look(b, 9000), standing(b, 9000, {}));
  EXPECT_EQ(host.moving.next_look(), Time::max());
}

TEST(Moving, GoesOnAtOnceWhenTheOldAddressIsGone) {
  Host host{.moving = {}, .addresses = {a}};
  host.look(a);
  host.addresses = {b};
  EXPECT_EQ(host.look(b), standing(b, 1500, {}));

  Host cut_short{.moving = {}, .addresses = {a, b}};
  cut_short.look(a);
  cut_short.look(b);
  cut_short.addresses = {b};
  EXPECT_EQ(cut_short.look(b), standing(b, 1500, {})) << "though it was being announced";
}

TEST(Moving, StopsHearingAnAddressThatIsGone) {
  Host host{.moving = {}, .addresses = {a, b}};
  host.look(a);
  host.look(b);
  host.now += Moving::announce;
  host.look(b);
  host.addresses = {b};
  EXPECT_EQ(host.look(b), standing(b, 1500, {}));
}

TEST(Moving, TakesBackWhatItAnnounced) {
  Host host{.moving = {}, .addresses = {a, b, c}};
  host.look(a);
  host.look(b);
  EXPECT_EQ(host.look(c), standing(a, 1500, {c})) << "another way out: announced anew";
  EXPECT_EQ(host.moving.next_look(), host.now + Moving::announce);
  host.look(a);
  host.now += Moving::announce;
  EXPECT_EQ(host.look(a), standing(a, 1500, {}));
}

TEST(Moving, GoesOnFromWhereAnEarlierLifeStood) {
  Host host{.moving = Moving(standing(a, 0, {})), .addresses = {a, b}};
  EXPECT_EQ(host.look(b), standing(a, 1500, {b}));
  Host elsewhere{.moving = Moving(standing(a, 1500, {})), .addresses = {b}};
  EXPECT_EQ(elsewhere.look(b), standing(b, 1500, {}));
}

TEST(Moving, FollowsTheMtuOfTheWayOut) {
  Host host{.moving = {}, .addresses = {a}};
  EXPECT_EQ(host.look(a, 1500).mtu, 1500u);
  EXPECT_EQ(host.look(a, 9000).mtu, 9000u);
}

}  // namespace
}  // namespace overlay::plan
