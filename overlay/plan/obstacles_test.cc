// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/obstacles.h"

#include <gmock/gmock.h>

namespace overlay::plan {
namespace {

using Hook = ForeignChain::Hook;

ForeignChain dropping(Hook hook, std::string table, std::string name) {
  return {.hook = hook,
          .table = std::move(table),
          .name = std::move(name),
          .manager = {},
          .legacy = false,
          .v4 = true,
          .v6 = true,
          .drops = true,
          .knows_us = false};
}

TEST(Obstacles, NameTheChainItsMakerAndTheCure) {
  ForeignChain docker = dropping(Hook::forward, "ip filter", "FORWARD");
  docker.manager = "Docker";
  docker.v6 = false;
  EXPECT_EQ(
      forward_obstacle({docker}, {Family::v4}),
      "chain FORWARD of table ip filter (Docker) drops forwarded packets, pods' among them: start overlayd "
      "with --open-forward, or accept there what goes in or out by overlay0");
  ForeignChain legacy = docker;
  legacy.legacy = true;
  legacy.manager.clear();
  EXPECT_EQ(
      forward_obstacle({legacy}, {Family::v4}),
      "chain FORWARD of table ip filter (legacy iptables) drops forwarded packets, pods' among them: run "
      "`iptables-legacy -I FORWARD -i overlay0 -j ACCEPT` and `iptables-legacy -I FORWARD -o overlay0 -j "
      "ACCEPT`");
  ForeignChain firewalld = dropping(Hook::forward, "inet firewalld", "filter_FORWARD");
  firewalld.manager = "firewalld";
  EXPECT_EQ(forward_obstacle({firewalld, docker}, {Family::v4}),
            "chain filter_FORWARD of table inet firewalld (firewalld) and chain FORWARD of table ip filter "
            "(Docker) drop forwarded packets, pods' among them: run `firewall-cmd --permanent --zone=trusted "
            "--add-interface=overlay0` and `firewall-cmd --reload`");
}

TEST(Obstacles, NameWhatKeepsVxlanOut) {
  ForeignChain input = dropping(Hook::input, "ip filter", "INPUT");
  input.v6 = false;
  EXPECT_EQ(input_obstacle({input}, Family::v4, 4789),
            "chain INPUT of table ip filter drops incoming packets, the other hosts' among them, and nothing "
            "arrives: run "
            "`iptables -I INPUT -p udp --dport 4789 -j ACCEPT`");
  EXPECT_EQ(input_obstacle({input}, Family::v6, 4789), "");
  EXPECT_EQ(forward_obstacle({input}, {Family::v4}), "");
  EXPECT_THAT(input_obstacle({dropping(Hook::input, "inet site", "in")}, Family::v6, 8472),
              testing::EndsWith("nothing arrives: accept there udp dport 8472"));
}

TEST(Obstacles, AreNoneWhereTheOverlayIsKnownOrNothingIsDropped) {
  ForeignChain chain = dropping(Hook::forward, "ip filter", "FORWARD");
  EXPECT_TRUE(stands_in_the_way(chain, true, false));
  chain.knows_us = true;
  EXPECT_FALSE(stands_in_the_way(chain, true, true));
  chain.knows_us = false;
  chain.drops = false;
  EXPECT_FALSE(stands_in_the_way(chain, true, true));
}

TEST(Obstacles, ConcernThePoolsFamiliesOnly) {
  ForeignChain chain = dropping(Hook::forward, "ip6 filter", "FORWARD");
  chain.v4 = false;
  EXPECT_EQ(forward_obstacle({chain}, {Family::v4}), "");
  EXPECT_NE(forward_obstacle({chain}, {Family::v4, Family::v6}), "");
}

}  // namespace
}  // namespace overlay::plan
