// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/foreign_chains.h"

#include <gmock/gmock.h>
#include <linux/netlink.h>

#include "overlay/kernel/test_namespace.h"

namespace overlay::kernel {
namespace {

using plan::ForeignChain;
using testing::ElementsAre;
using testing::IsEmpty;

const Marks marks{4789, {Prefix::parse("10.32.0.0/12").value(), Prefix::parse("fd32::/48").value()}};

class ForeignChainsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make network namespaces";
  }
};

/// In a fresh namespace with these rules: what is found, "table chain", with "+" where its rules know us.
std::vector<std::string> found(const std::string& rules, bool open = false, bool close = false) {
  std::vector<std::string> out;
  NetworkNamespace().run([&] {
    Nft nft = std::move(*Nft::open());
    Socket socket = std::move(*Socket::open(NETLINK_NETFILTER));
    ASSERT_TRUE(nft.run(rules));
    if (open) {
      for (const ForeignChain& chain : foreign_chains(socket, marks).value()) {
        ASSERT_TRUE(open_forward(nft, chain));
      }
    }
    if (close) {
      const Status closed = close_forward(socket, nft);
      ASSERT_TRUE(closed) << closed.error().text;
    }
    for (const ForeignChain& chain : foreign_chains(socket, marks).value()) {
      out.push_back(chain.table + " " + chain.name + (chain.manager.empty() ? "" : " " + chain.manager) +
                    (chain.knows_us ? " +" : ""));
    }
  });
  return out;
}

std::string chain(const std::string& name, const std::string& hook, const std::string& policy,
                  const std::string& rule = "") {
  return "  chain " + name + " {\n    type filter hook " + hook + " priority 0; policy " + policy +
         ";\n    " + rule + "\n  }\n";
}

TEST_F(ForeignChainsTest, AreThoseThatDropOnOurWay) {
  EXPECT_THAT(found("table ip filter {\n" + chain("FORWARD", "forward", "drop") +
                    chain("INPUT", "input", "drop") + chain("OUTPUT", "output", "drop") + "}\n"),
              ElementsAre("ip filter FORWARD", "ip filter INPUT"));
  EXPECT_THAT(found("table inet site {\n" + chain("forward", "forward", "accept") + "}\n"), IsEmpty());
  EXPECT_THAT(found("table inet overlay {\n" + chain("forward", "forward", "drop") + "}\n"), IsEmpty());
}

TEST_F(ForeignChainsTest, AreToldByWhoMadeThem) {
  EXPECT_THAT(
      found("table ip filter {\n  chain DOCKER {\n  }\n" + chain("FORWARD", "forward", "drop") + "}\n"),
      ElementsAre("ip filter FORWARD Docker"));
  EXPECT_THAT(found("table inet firewalld {\n" + chain("filter_FORWARD", "forward", "accept") + "}\n"),
              ElementsAre("inet firewalld filter_FORWARD firewalld"));
}

TEST_F(ForeignChainsTest, KnowUsByOurDeviceOrPort) {
  for (const char* rule : {"iifname \"overlay0\" accept", "oifname \"overlay*\" accept"}) {
    EXPECT_THAT(found("table inet site {\n" + chain("f", "forward", "drop", rule) + "}\n"),
                ElementsAre("inet site f +"))
        << rule;
  }
  EXPECT_THAT(found("table inet site {\n" + chain("f", "forward", "drop", "iifname \"eth0\" accept") + "}\n"),
              ElementsAre("inet site f"));
  EXPECT_THAT(found("table inet site {\n" + chain("i", "input", "drop", "udp dport 4789 accept") + "}\n"),
              ElementsAre("inet site i +"));
  EXPECT_THAT(found("table inet site {\n" + chain("i", "input", "drop", "udp dport 4790 accept") + "}\n"),
              ElementsAre("inet site i"));
}

TEST_F(ForeignChainsTest, KnowUsByThePool) {
  for (const char* rule :
       {"ip saddr 10.32.0.0/12 accept", "ip daddr 10.0.0.0/8 accept", "ip saddr 10.32.0.0/11 jump more",
        "ip6 daddr fd32::/48 accept", "ip6 saddr fd00::/8 accept"}) {
    EXPECT_THAT(
        found("table inet site {\n  chain more {\n  }\n" + chain("f", "forward", "drop", rule) + "}\n"),
        ElementsAre("inet site f +"))
        << rule;
  }
  for (const char* rule :
       {"ip saddr 10.32.0.0/16 accept", "ip daddr 10.64.0.0/12 accept", "ip daddr != 10.32.0.0/12 accept",
        "ct state established accept", "ip ttl 10 accept"}) {
    EXPECT_THAT(found("table inet site {\n" + chain("f", "forward", "drop", rule) + "}\n"),
                ElementsAre("inet site f"))
        << rule;
  }
}

TEST_F(ForeignChainsTest, KnowUsBySetsThatTheyAccept) {
  const std::string sets =
      "table inet site {\n"
      "  set pools { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.0.0/16 } }\n"
      "  set halves { type ipv4_addr; flags interval; elements = { 10.32.0.0/13, 10.40.0.0/13 } }\n"
      "  set end { type ipv6_addr; flags interval; elements = { fd32::/48, ff00::/8 } }\n"
      "  set part { type ipv4_addr; flags interval; elements = { 10.32.0.0/13, 10.44.0.0/14 } }\n"
      "  set hosts { type ipv4_addr; elements = { 10.32.0.0, 10.0.0.0 } }\n";
  const auto known = [&sets](const std::string& hook, const std::string& rule) {
    return found(sets + chain("f", hook, "drop", rule) + "}\n") == std::vector<std::string>{"inet site f +"};
  };
  for (const char* rule :
       {"ip saddr @pools accept", "ip daddr @halves accept", "ip6 saddr @end accept",
        "ip saddr { 10.0.0.0/8, 192.168.0.0/16 } accept", "iifname { \"eth0\", \"overlay0\" } accept",
        "ip saddr vmap { 10.0.0.0/8 : accept, 192.168.0.0/16 : drop }"}) {
    EXPECT_TRUE(known("forward", rule)) << rule;
  }
  for (const char* rule : {"ip saddr @part accept", "ip saddr @hosts accept", "ip saddr != @pools accept",
                           "ip saddr @pools drop", "iifname { \"eth0\", \"eth1\" } accept",
                           "ip saddr vmap { 10.0.0.0/8 : drop, 192.168.0.0/16 : accept }",
                           "ip saddr . tcp dport { 10.32.0.0/12 . 80 } accept"}) {
    EXPECT_FALSE(known("forward", rule)) << rule;
  }
  EXPECT_TRUE(known("input", "udp dport { 53, 4789 } accept"));
  EXPECT_FALSE(known("input", "udp dport { 53, 4790 } accept"));
}

TEST_F(ForeignChainsTest, DoNotKnowUsByWhatTheyDrop) {
  for (const char* rule :
       {"iifname \"overlay0\" drop", "ip saddr 10.32.0.0/12 reject", "ip daddr 10.0.0.0/8 counter drop"}) {
    EXPECT_THAT(found("table inet site {\n" + chain("f", "forward", "drop", rule) + "}\n"),
                ElementsAre("inet site f"))
        << rule;
  }
}

TEST_F(ForeignChainsTest, AreOpenedByOneRuleAndClosedAgain) {
  const std::string rules = "table ip filter {\n" + chain("FORWARD", "forward", "drop") +
                            chain("SECOND", "forward", "drop") + "}\n" + "table ip6 filter {\n" +
                            chain("FORWARD", "forward", "drop") + "}\n";
  EXPECT_THAT(found(rules, true), testing::Each(testing::EndsWith("+")));
  EXPECT_THAT(found(rules, true, true),
              testing::UnorderedElementsAre("ip filter FORWARD", "ip filter SECOND", "ip6 filter FORWARD"));
}

}  // namespace
}  // namespace overlay::kernel
