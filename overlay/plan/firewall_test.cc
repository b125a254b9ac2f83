// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/firewall.h"

#include <gmock/gmock.h>

#include "overlay/plan/test_intents.h"

namespace overlay::plan {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Firewall, EncryptedLetsNothingOfThePoolsPass) {
  Intent intent = example_intent(1, 2);
  intent.encryption = Encryption{};
  const std::string rules = firewall(intent).rules;
  EXPECT_THAT(rules, HasSubstr(R"(  set pools4 {
    type ipv4_addr
    flags interval
    elements = { 10.32.0.0/12 }
  }
  set pools6 {
    type ipv6_addr
    flags interval
    elements = { fd32::/48 }
  }
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    iifname != { "lo", "overlay0", "overlay.wg" } ip saddr @pools4 drop
    iifname != { "lo", "overlay0", "overlay.wg" } ip6 saddr @pools6 drop
  }
)"));
  EXPECT_THAT(rules, HasSubstr(R"(  chain encrypted {
    type filter hook postrouting priority filter; policy accept;
    oifname != { "lo", "overlay0", "overlay.wg" } ip daddr @pools4 drop
    oifname != { "lo", "overlay0", "overlay.wg" } ip6 daddr @pools6 drop
  }
)"));
  EXPECT_THAT(rules, Not(HasSubstr("overlay.vx")));
}

TEST(Firewall, EncryptedCountsNoMembersForNobodyIsLetInByAddress) {
  Intent intent = example_intent(1, 3);
  intent.encryption = Encryption{};
  EXPECT_TRUE(firewall(intent).members.empty());
}

TEST(Firewall, IsThisTextForTwoHosts) {
  Intent intent = example_intent(1, 2);
  intent.vni = 0x123456;
  intent.no_masquerade = {prefix("192.168.0.0/16"), prefix("10.32.0.0/16")};
  const Firewall made = firewall(intent);
  EXPECT_EQ(firewall_replacement(made),
            "add table inet overlay\n"
            "delete table inet overlay\n"
            "table inet overlay {\n"
            "  chain content_" +
                made.digest +
                " {\n"
                "  }\n"
                R"(  set members {
    type ipv4_addr
  }
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    udp dport 4789 ip saddr @members ip daddr 192.0.2.1 iifname != "overlay0" notrack accept
    udp dport 4789 @th,96,24 1193046 fib daddr type local drop
  }
  chain output {
    type filter hook output priority raw; policy accept;
    udp dport 4789 ip daddr @members notrack
    oifname { "overlay0", "overlay.vx" } icmp type redirect drop
    oifname { "overlay0", "overlay.vx" } icmpv6 type nd-redirect drop
  }
  chain forward {
    type filter hook forward priority mangle; policy accept;
    oifname { "overlay0", "overlay.vx" } tcp flags syn tcp option maxseg size set rt mtu
    iifname "overlay0" tcp flags syn tcp option maxseg size set rt mtu
  }
  set pods4 {
    type ipv4_addr
    flags interval
    elements = { 10.32.1.0/24 }
  }
  set unchanged4 {
    type ipv4_addr
  }
  set inside4 {
    type ipv4_addr
    flags interval
    elements = { 10.32.0.0/12, 192.168.0.0/16 }
  }
  set pods6 {
    type ipv6_addr
    flags interval
    elements = { fd32:0:0:1::/64 }
  }
  set unchanged6 {
    type ipv6_addr
  }
  set inside6 {
    type ipv6_addr
    flags interval
    elements = { fd32::/48 }
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "overlay0", "overlay.vx" } return
    ip saddr @pods4 ip saddr != @unchanged4 ip daddr != @inside4 masquerade fully-random
    ip6 saddr @pods6 ip6 saddr != @unchanged6 ip6 daddr != @inside6 masquerade fully-random
  }
}
add element inet overlay members { 192.0.2.2 }
)");
}

TEST(Firewall, MatchesTheUnderlaysFamily) {
  Intent intent = example_intent(1, 2);
  intent.underlay.address = ip("2001:db8::1");
  intent.peers.front().underlay = ip("2001:db8::2");
  const std::string ruleset = firewall_replacement(firewall(intent));
  EXPECT_THAT(ruleset, HasSubstr("set members {\n    type ipv6_addr\n"));
  EXPECT_THAT(ruleset, HasSubstr("members { 2001:db8::2 }"));
  EXPECT_THAT(ruleset, HasSubstr("ip6 saddr @members ip6 daddr 2001:db8::1"));
}

TEST(Firewall, LeavesTheSourceOfPodsThatAskedForIt) {
  Intent intent = example_intent(1, 1);
  intent.pods = {{Ip::parse("10.32.1.7").value(), {}, false}, {Ip::parse("10.32.1.8").value(), {}, true}};
  EXPECT_THAT(firewall(intent).rules,
              HasSubstr("  set unchanged4 {\n    type ipv4_addr\n    elements = { 10.32.1.7 }\n"));
}

TEST(Firewall, WritesNoEmptyListOfElements) {
  EXPECT_THAT(firewall_replacement(firewall(example_intent(1, 1))), Not(HasSubstr("add element")));
}

TEST(Firewall, LetsInWhoMovesFromAndToEachAddressOfIt) {
  Intent intent = example_intent(1, 2);
  intent.peers.front().also = {ip("192.0.2.200")};
  EXPECT_THAT(firewall_replacement(firewall(intent)), HasSubstr("members { 192.0.2.2, 192.0.2.200 }"));
  intent.underlay.also = {ip("192.0.2.201")};
  EXPECT_THAT(firewall(intent).rules, HasSubstr("ip daddr { 192.0.2.1, 192.0.2.201 } iifname"));
}

TEST(Firewall, NotesWherePodsSendToOnlyWhereThatIsWished) {
  Intent intent = example_intent(1, 2);
  EXPECT_THAT(firewall(intent).rules, Not(HasSubstr("traffic")));
  intent.watch_traffic = true;
  const std::string rules = firewall(intent).rules;
  EXPECT_THAT(
      rules,
      HasSubstr("  set traffic4 {\n    type ipv4_addr\n    size 65535\n    flags dynamic,timeout\n  }\n"));
  EXPECT_THAT(rules,
              HasSubstr("    iifname \"overlay0\" oifname != \"overlay0\" ip daddr 10.32.0.0/12 update "
                        "@traffic4 { ip daddr & 255.255.255.0 timeout 10s }\n"));
  EXPECT_THAT(rules, HasSubstr("@traffic6 { ip6 daddr & ffff:ffff:ffff:ffff:: timeout 10s }\n"));
  intent.blocks.clear();
  EXPECT_THAT(firewall(intent).rules, Not(HasSubstr("traffic"))) << "without a block there are no pods";
}

TEST(Firewall, ChangesItsDigestWithItsContentOnly) {
  const Intent intent = example_intent();
  Intent other_pods = intent;
  other_pods.pods.clear();
  EXPECT_EQ(firewall(intent), firewall(other_pods));
  Intent fewer_peers = intent;
  fewer_peers.peers.pop_back();
  EXPECT_EQ(firewall(intent), firewall(fewer_peers))
      << "members come and go without the rules being made anew";
  Intent another_vni = intent;
  another_vni.vni += 1;
  EXPECT_FALSE(firewall(intent) == firewall(another_vni));
}

}  // namespace
}  // namespace overlay::plan
