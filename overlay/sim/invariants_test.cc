// SPDX-License-Identifier: Apache-2.0
// Goal: the checker has teeth: each rule is broken once on purpose and named.
#include "overlay/sim/invariants.h"

#include <gtest/gtest.h>

#include "overlay/ipam/leases.h"
#include "overlay/wire/decree.h"
#include "overlay/wire/log_entry.h"

namespace overlay::sim {
namespace {

using ipam::BlockRecord;
using ipam::BlockState;

Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }
Ip ip(std::string_view text) { return Ip::parse(text).value(); }

const ipam::LeaseKey web{"overlay", "web", "eth0"};
const ipam::LeaseKey db{"overlay", "db", "eth0"};

/// Two nodes of one cluster; n1 is its voter.
class Checked : public testing::Test {
 protected:
  Checked() {
    genesis.pools = {prefix("10.32.0.0/12")};
    genesis.voters = {key.public_key};
    observe(0);
    observe(1);
  }

  node::View view(HostIndex host) const {
    node::View out;
    out.id = id(host);
    out.cluster = ClusterId{{1}};
    out.genesis = genesis;
    out.registered = true;
    for (const auto& record : records[host]) out.blocks.push_back({record, "", 0, 255});
    out.leases = leases[host];
    return out;
  }
  NodeId id(HostIndex host) const { return host == 0 ? key.node_id() : NodeId{{2}}; }
  /// After the voter has written it all to disk.
  void observe(HostIndex host) {
    for (const auto& record : records[host]) {
      const auto sealed = wire::seal(record, {}, key, ClusterId{{1}});
      invariants.durable(0, id(0), wire::encode_entry(wire::KeptEntry{sealed.envelope}));
    }
    invariants.durable(0, id(0), wire::encode_entry(wire::RegistrationEntry{id(host), {}}));
    invariants.observe(host, view(host));
  }
  BlockRecord owned(std::string_view text, std::uint64_t seq, HostIndex owner) const {
    return {prefix(text),      {0, seq},  0,
            BlockState::owned, id(owner), RequestId{{static_cast<std::uint8_t>(seq)}}};
  }
  void expect_broken(const std::string& rule) {
    EXPECT_EQ(verdict.text().substr(0, rule.size() + 1), rule + ":") << verdict.text();
  }

  const KeyPair key = KeyPair::from_seed(SecretSeed{{7}});
  consensus::Genesis genesis;
  std::vector<BlockRecord> records[2];
  std::vector<ipam::Lease> leases[2];
  Time now;
  Verdict verdict;
  Invariants invariants{2, 0, verdict};
};

TEST_F(Checked, AcceptsAnHonestHistory) {
  records[0] = records[1] = {owned("10.32.0.0/24", 1, 0), owned("10.32.1.0/24", 2, 1)};
  leases[1] = {{web, {ip("10.32.1.1")}, {}}};
  observe(0);
  observe(1);
  invariants.became_live(1, web, {ip("10.32.1.1")}, now);
  invariants.restarted(1, view(1));
  invariants.restarted(0, view(0));
  EXPECT_TRUE(verdict.good()) << verdict.text();
}

TEST_F(Checked, FindsAChangedIdentity) {
  auto changed = view(1);
  changed.id = NodeId{{3}};
  invariants.observe(1, changed);
  expect_broken("one identity");
}

TEST_F(Checked, FindsAnotherGenesisAndAForgottenOne) {
  auto changed = view(1);
  changed.genesis->vni = 5;
  invariants.observe(1, changed);
  expect_broken("one genesis");
  verdict = {};
  changed.cluster.reset();
  invariants.observe(1, changed);
  expect_broken("one genesis");
}

TEST_F(Checked, FindsTwoContentsOfOneEpoch) {
  records[0] = {owned("10.32.0.0/24", 1, 0)};
  records[1] = {owned("10.32.0.0/24", 1, 1)};
  observe(0);
  observe(1);
  expect_broken("single content");
}

TEST_F(Checked, FindsOverlapInOneEpoch) {
  records[0] = {owned("10.32.0.0/24", 1, 0)};
  records[1] = {owned("10.32.0.0/25", 1, 1)};
  observe(0);
  observe(1);
  expect_broken("single content");
}

TEST_F(Checked, FindsTwoOwnersOfOneAddress) {
  records[0] = {owned("10.32.0.0/24", 1, 0)};
  records[1] = {owned("10.32.0.128/25", 2, 1)};
  observe(0);
  observe(1);
  expect_broken("single owner");
}

TEST_F(Checked, FindsARecordOfAnotherSeatsSpace) {
  records[0] = {owned("10.46.0.0/24", 1, 0)};
  observe(0);
  expect_broken("own seat");
}

TEST_F(Checked, FindsARequestServedTwice) {
  records[0] = {owned("10.32.0.0/24", 1, 0), owned("10.32.1.0/24", 2, 0)};
  records[0][1].request = records[0][0].request;
  observe(0);
  expect_broken("idempotent requests");
}

TEST_F(Checked, FindsAForgottenRecord) {
  records[0] = {owned("10.32.1.0/24", 2, 1)};
  observe(0);
  records[0].clear();
  observe(0);
  expect_broken("monotone epochs");
}

TEST_F(Checked, FindsAnAddressOfTwoContainers) {
  invariants.became_live(0, web, {ip("10.32.0.1")}, now);
  invariants.became_live(1, db, {ip("10.32.0.1")}, now);
  expect_broken("single address");
}

TEST_F(Checked, FindsAnAddressThatDidNotCool) {
  invariants.became_live(0, web, {ip("10.32.0.1")}, now);
  invariants.ended(0, web, now);
  now += ipam::cooling_time / 2;
  invariants.became_live(0, db, {ip("10.32.0.1")}, now);
  expect_broken("cooling");
}

TEST_F(Checked, FindsANumberUsedTwice) {
  records[0] = {owned("10.32.0.0/24", 1, 0), owned("10.32.1.0/24", 1, 0)};
  records[0][1].request = RequestId{{9}};
  observe(0);
  expect_broken("one sequence");
}

TEST_F(Checked, LetsAnAddressBeUsedAgainAfterItsContainerEnded) {
  invariants.became_live(0, web, {ip("10.32.0.1")}, now);
  invariants.ended(0, web, now);
  now += ipam::cooling_time;
  invariants.became_live(0, db, {ip("10.32.0.1")}, now);
  EXPECT_TRUE(verdict.good()) << verdict.text();
}

TEST_F(Checked, FindsALeaseOutsideAndOneOfTheHostsOwnAddress) {
  records[0] = {owned("10.32.0.0/24", 1, 0)};
  leases[0] = {{web, {ip("10.32.1.1")}, {}}};
  observe(0);
  expect_broken("leases inside own blocks");
  verdict = {};
  leases[0] = {{web, {ip("10.32.0.0")}, {}}};
  observe(0);
  expect_broken("leases inside own blocks");
}

TEST_F(Checked, FindsAnAnsweredLeaseThatARestartLost) {
  invariants.became_live(1, web, {ip("10.32.1.1")}, now);
  invariants.restarted(1, view(1));
  expect_broken("durable before visible");
}

TEST_F(Checked, FindsAGrantThatOthersSawAndItsVoterLost) {
  records[0] = records[1] = {owned("10.32.1.0/24", 2, 1)};
  observe(0);
  observe(1);
  records[0].clear();
  invariants.restarted(0, view(0));
  expect_broken("durable before visible");
}

TEST_F(Checked, ForgivesAGrantThatNobodySaw) {
  records[0] = {owned("10.32.1.0/24", 2, 1)};
  observe(0);
  records[0].clear();
  invariants.restarted(0, view(0));
  EXPECT_TRUE(verdict.good()) << verdict.text();
}

TEST_F(Checked, FindsAGrantThatNoMajorityOfTheVotersHasOnDisk) {
  records[1] = {owned("10.32.1.0/24", 2, 1)};
  invariants.observe(1, view(1));
  expect_broken("acknowledged before used");
}

TEST_F(Checked, FindsAForkWhereNoDiskFellBack) {
  auto seen = view(1);
  seen.alarms.push_back({"fork-10.32.0.0/24", "it is owned twice", {}});
  invariants.observe(1, seen);
  expect_broken("no fork");
  verdict = {};
  invariants.disk_replaced(0, id(0), true);
  invariants.observe(1, seen);
  EXPECT_TRUE(verdict.good()) << verdict.text();
}

TEST_F(Checked, FindsAnAcknowledgementUnderAnOlderDecree) {
  const KeyPair other = KeyPair::from_seed(SecretSeed{{8}});
  wire::DecreeRecord decree;
  decree.decree.index = 1;
  decree.decree.voters = {other.public_key};
  decree.value = wire::encode_value(decree.decree);
  const auto sealed = wire::seal(decree, {}, key, ClusterId{{1}});
  invariants.durable(0, id(0), wire::encode_entry(wire::RecordEntry{sealed.envelope}));
  EXPECT_TRUE(verdict.good()) << verdict.text();
  records[0] = {owned("10.32.1.0/24", 2, 1)};
  observe(0);
  expect_broken("acknowledged under the newest decree");
}

TEST_F(Checked, FindsAClusterThatNotEveryFounderSigned) {
  Invariants together{2, 2, verdict};
  const wire::Record founded = wire::seal(genesis, {}, key, ClusterId{});
  const auto adopts = [&] {
    together.durable(0, id(0), wire::encode_entry(wire::RecordEntry{founded.envelope}));
  };
  const auto signs = [&](HostIndex host) {
    together.durable(host, id(host), wire::encode_entry(wire::FoundingEntry{founded.envelope}));
  };
  signs(0);
  adopts();
  expect_broken("founded by all");
  verdict = {};
  signs(1);
  adopts();
  EXPECT_TRUE(verdict.good()) << verdict.text();
}

TEST_F(Checked, FindsALeaverThatKeptABlock) {
  records[0] = {owned("10.32.0.0/24", 1, 0)};
  observe(0);
  auto last = view(0);
  consensus::Decree decree;
  decree.index = 1;
  decree.change.removed = {{id(0), "n1", std::nullopt}};
  last.decrees = {decree};
  invariants.left(0, last, KeyPair::from_seed(SecretSeed{{8}}).public_key, records[0]);
  expect_broken("left with nothing");
  verdict = {};
  last.blocks.clear();
  invariants.left(0, last, key.public_key, {});
  expect_broken("left with nothing");
  EXPECT_NE(verdict.text().find("it voted until it was removed"), std::string::npos);
}

TEST_F(Checked, FindsAWithdrawnRoute) {
  records[0] = {owned("10.32.1.0/24", 2, 1)};
  observe(0);
  invariants.routes_lost(0, view(0), {{prefix("10.32.1.0/24"), {id(1), ip("192.0.2.2")}}});
  expect_broken("no route withdrawn");
}

}  // namespace
}  // namespace overlay::sim
