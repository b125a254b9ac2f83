// SPDX-License-Identifier: Apache-2.0
// Goal: one node by itself: founding, readiness, leases, replay of its log, and the sentences an operator
// reads. Several nodes and faults are the simulator's business (overlay/sim).
#include "overlay/node/node.h"

#include <gtest/gtest.h>

#include "overlay/node/test_host.h"
#include "overlay/wire/log_entry.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;
using namespace test;

TEST(Node, FoundsAtOnceWithNobodyToAskAndTakesTheFirstBlock) {
  Host host;
  host.make_ready();
  EXPECT_EQ(host.waits_for(), "");
  const View view = host.node->view(host.now);
  ASSERT_EQ(view.blocks.size(), 1U);
  EXPECT_EQ(view.blocks[0].record.prefix.text(), "10.32.0.0/24");
  EXPECT_EQ(view.blocks[0].owner_name, "h1");
  EXPECT_EQ(view.pools[0].free_blocks, 4095U);
  EXPECT_EQ(view.voters, std::vector<std::string>{"h1"});
}

TEST(Node, SaysWhatItWaitsForUntilItCanServe) {
  Host host;
  EXPECT_NE(host.waits_for().find("--underlay-address"), std::string::npos);
  host.node->underlay_changed(underlay, host.now);
  EXPECT_EQ(host.waits_for(), "the kernel to be programmed");
  host.node->kernel_reconciled(fail(Errc::refused, "permission denied"), host.now);
  EXPECT_EQ(host.waits_for(), "the kernel: permission denied");
  host.node->kernel_reconciled({}, host.now);
  EXPECT_EQ(host.waits_for(), "");
}

TEST(Node, WithoutAnyFlagStaysUpAndSaysWhichToGive) {
  Host host(config(false));
  EXPECT_EQ(host.waits_for(),
            "a cluster: start the first host with --bootstrap and every other with --join HOST, or tell this "
            "one by 'overlayctl connect HOST'");
}

TEST(Node, JoinerNamesWhomItWaitsForAndWhy) {
  Config joiner = config(false);
  joiner.join = {{"192.0.2.9", 6783}};
  Host host(joiner);
  host.node->tick(host.now);
  for (const Effect& effect : host.take().effects) {
    const auto* dial = std::get_if<Dial>(&effect);
    if (dial != nullptr)
      host.node->closed(dial->session, fail(Errc::unavailable, "connection refused"), host.now);
  }
  EXPECT_EQ(host.waits_for(), "a cluster to join through 192.0.2.9:6783 (connection refused)");
}

TEST(Node, CallsWhomItsOperatorNamesAndGoesOnAfterARestart) {
  const HostPort named{"192.0.2.9", 6783};
  Host host(config(false));
  EXPECT_FALSE(host.has_dialled(named.host));
  EXPECT_EQ(host.connect(named), "done");
  EXPECT_EQ(host.events, std::vector<std::string>{"target 192.0.2.9:6783  -> called"});
  EXPECT_EQ(host.waits_for(), "a cluster to join through 192.0.2.9:6783");
  Host again(config(false), host.log);
  EXPECT_TRUE(again.has_dialled(named.host));
  EXPECT_EQ(again.connect(named), "done") << "twice is no error";
  EXPECT_TRUE(again.events.empty()) << "nor a change";
  EXPECT_EQ(again.node->view(again.now).targets, std::vector{named});
  Host from_a_snapshot(config(false), again.node->snapshot());
  EXPECT_EQ(from_a_snapshot.node->view(again.now).targets, std::vector{named});
  EXPECT_EQ(again.disconnect({named}), "done");
  EXPECT_EQ(again.events, std::vector<std::string>{"target 192.0.2.9:6783 called -> dropped"});
  Host later(config(false), again.log);
  EXPECT_TRUE(later.node->view(later.now).targets.empty());
}

TEST(Node, DropsNoTargetWhereOneOfThoseNamedCannotBeDropped) {
  const HostPort flag{"192.0.2.8", 6783};
  const HostPort named{"192.0.2.9", 6783};
  Config joiner = config(false);
  joiner.join = {flag};
  Host host(joiner);
  EXPECT_EQ(host.connect(named), "done");
  EXPECT_EQ(host.disconnect({named, flag}),
            "192.0.2.8:6783 is a --join target of overlayd's command line: take it away there, and start "
            "overlayd again");
  EXPECT_EQ(host.disconnect({{"192.0.2.7", 1}}),
            "192.0.2.7:1 is no join target; there are: 192.0.2.8:6783, 192.0.2.9:6783");
  EXPECT_EQ(host.node->view(host.now).targets, (std::vector{flag, named}));
}

TEST(Node, FounderAsksItsJoinTargetsForTenSecondsFirst) {
  Config founder = config();
  founder.join = {{"192.0.2.9", 6783}};
  Host host(founder);
  EXPECT_FALSE(host.node->view(host.now).cluster);
  host.now += 10s;
  host.node->tick(host.now);
  EXPECT_TRUE(host.node->view(host.now).cluster);
}

TEST(Node, FounderThatWaitsForTheOthersRestsMeanwhile) {
  Config founder = config(false);
  founder.bootstrap_expect = 2;
  founder.join = {{"192.0.2.8", 6783}, {"192.0.2.9", 6783}};
  Host host(founder);
  host.now += 11s;
  for (int i = 0; i < 10 && host.node->next_deadline() <= host.now; ++i) host.node->tick(host.now);
  EXPECT_GT(host.node->next_deadline(), host.now);
}

TEST(Node, DoesNotFoundWhereTheKernelNamesAClusterItHasNoStateOf) {
  Config again = config();
  again.kernel_cluster = ClusterId{{5}};
  Host host(again);
  EXPECT_NE(host.waits_for().find("overlay.vx belongs to cluster 05000000"), std::string::npos);
}

TEST(Node, LeaseIsPersistedInTheOutputThatAnswersIt) {
  Host host;
  host.make_ready();
  host.node->lease(7, pod, {}, host.now);
  const Output out = host.take();
  ASSERT_EQ(out.persist.size(), 1U);
  EXPECT_TRUE(out.persist[0].urgent);
  const auto entry = wire::decode_entry(out.persist[0].entry).value();
  EXPECT_EQ(std::get<wire::LeaseEntry>(entry).lease.addresses.front().text(), "10.32.0.1");
}

TEST(Node, RepeatedAddGetsTheSameAddressAndReleaseIsIdempotent) {
  Host host;
  host.make_ready();
  const auto first = host.lease(pod).value();
  EXPECT_EQ(host.lease(pod).value()->lease, first->lease);
  EXPECT_EQ(first->mtu, 1450U);
  EXPECT_EQ(text(first->lease.mac), "0a:58:0a:20:00:01");
  for (int i = 0; i < 2; ++i) {
    host.node->release(8, pod, host.now);
    const Output out = host.take();
    EXPECT_TRUE(std::any_of(out.effects.begin(), out.effects.end(), [](const Effect& effect) {
      const auto* answer = std::get_if<Answer>(&effect);
      return answer != nullptr && answer->result.has_value();
    }));
  }
}

TEST(Node, CollectsWhatANetworkNoLongerKnowsAndNothingOfOthers) {
  Host host;
  host.make_ready();
  const ipam::LeaseKey lost{"overlay", "lost", "eth0"};
  const ipam::LeaseKey second{"overlay", pod.container, "net1"};
  const ipam::LeaseKey other{"other", "lost", "eth0"};
  for (const auto& key : {pod, lost, second, other}) ASSERT_TRUE(host.lease(key));
  host.node->collect(9, "overlay", {pod}, host.now);
  const Output out = host.take();
  EXPECT_EQ(out.persist.size(), 2U);
  for (const auto& key : {lost, second}) EXPECT_FALSE(host.has_lease(key)) << key.container << key.interface;
  for (const auto& key : {pod, other}) EXPECT_TRUE(host.has_lease(key)) << key.network;
}

TEST(Node, ReapsALeaseWhoseInterfaceStaysAway) {
  Host host;
  host.make_ready();
  const ipam::LeaseKey lives{"overlay", "lives", "eth0"};
  for (const auto& key : {pod, lives}) ASSERT_TRUE(host.lease(key));
  const std::set<std::string> present{"lo", host_interface(lives)};
  const auto look = [&](std::chrono::seconds later) {
    host.now += later;
    host.node->interfaces_seen(present, host.now);
    host.take();
  };
  look(0s);
  look(10min);
  EXPECT_TRUE(host.has_lease(pod)) << "two looks are too few, however far apart: the host may have slept";
  look(1s);
  EXPECT_FALSE(host.has_lease(pod));
  EXPECT_TRUE(host.has_lease(lives));
}

TEST(Node, StartsToCountAnewWhenTheInterfaceComesBack) {
  Host host;
  host.make_ready();
  ASSERT_TRUE(host.lease(pod));
  for (int i = 0; i < 40; ++i) {
    host.now += 1min;
    host.node->interfaces_seen(i % 4 == 0 ? std::set{host_interface(pod)} : std::set<std::string>(),
                               host.now);
    EXPECT_TRUE(host.has_lease(pod)) << i;
  }
}

TEST(Node, IsUnavailableForLeasesUntilReady) {
  Host host;
  EXPECT_EQ(host.lease(pod).error().code, Errc::unavailable);
}

TEST(Node, KeepsClusterBlockAndLeasesOverARestart) {
  Host first;
  first.make_ready();
  const auto leased = first.lease(pod).value();
  const View before = first.node->view(first.now);
  for (const auto& log : {first.log, first.node->snapshot()}) {
    Host second(config(), log);
    second.make_ready();
    const View after = second.node->view(second.now);
    EXPECT_EQ(after.cluster, before.cluster);
    EXPECT_EQ(after.blocks[0].record, before.blocks[0].record);
    EXPECT_EQ(second.lease(pod).value()->lease, leased->lease);
  }
}

TEST(Node, SnapshotOfASnapshotIsTheSame) {
  Host first;
  first.make_ready();
  first.lease(pod).value();
  Host second(config(), first.node->snapshot());
  const Host third(config(), second.node->snapshot());
  // What counts the starts rises with each.
  const auto but_the_count = [](std::vector<Bytes> entries) {
    std::erase_if(entries, [](const Bytes& bytes) {
      const auto entry = wire::decode_entry(bytes).value();
      return std::holds_alternative<wire::IncarnationEntry>(entry) ||
             std::holds_alternative<wire::RegisteredEntry>(entry) ||
             std::holds_alternative<wire::RegistrationEntry>(entry);
    });
    return entries;
  };
  EXPECT_EQ(but_the_count(third.node->snapshot()), but_the_count(second.node->snapshot()));
}

TEST(Node, LeasesNothingOfABlockWherePodsMayLiveThatItHasForgotten) {
  Host first;
  first.make_ready();
  const std::vector<Bytes> older = first.log;
  const Ip taken = first.lease(pod).value()->lease.addresses.front();

  Host rolled_back(config(), older);
  rolled_back.node->interfaces_seen({host_interface(pod), "eth0"}, rolled_back.now);
  rolled_back.make_ready();
  const View view = rolled_back.node->view(rolled_back.now);
  ASSERT_EQ(view.alarms.size(), 1U);
  EXPECT_EQ(view.alarms[0].name, "rolled-back");
  EXPECT_NE(view.alarms[0].text.find(host_interface(pod)), std::string::npos) << view.alarms[0].text;
  const ipam::LeaseKey other{"overlay", "c2", "eth0"};
  const Ip given = rolled_back.lease(other).value()->lease.addresses.front();
  EXPECT_FALSE(Prefix::around(taken, 24).contains(given)) << given.text();

  rolled_back.node->interfaces_seen({host_interface(other), "eth0"}, rolled_back.now);
  rolled_back.take();
  EXPECT_TRUE(rolled_back.node->view(rolled_back.now).alarms.empty()) << "the forgotten pod is gone";
}

TEST(Node, RefusesAFlagThatDiffersFromItsCluster) {
  Host first;
  Config other = config();
  other.genesis.pools = {Prefix::parse("10.64.0.0/12").value()};
  other.given = {"pool"};
  const auto started = Node::start(other, identity, first.log, Rng(1), first.now);
  EXPECT_NE(started.error().text.find("--pool 10.64.0.0/12 differs from the cluster's 10.32.0.0/12"),
            std::string::npos);
}

TEST(Node, NamesTheEntryOfALogThatContradictsItself) {
  Host first;
  std::vector<Bytes> log = first.log;
  log.push_back("\xff");
  const auto started = Node::start(config(), identity, log, Rng(1), first.now);
  EXPECT_EQ(started.error().code, Errc::corrupt);
  EXPECT_EQ(started.error().text, "entry " + std::to_string(log.size()) + " of " +
                                      std::to_string(log.size()) +
                                      " of the state log: an entry that does not parse");
}

TEST(Node, AsksForAFurtherBlockWhenThreeQuartersAreLeased) {
  Host host;
  host.make_ready();
  for (int i = 0; i < 192; ++i) {
    ASSERT_TRUE(host.lease({"overlay", "c" + std::to_string(i), "eth0"}));
  }
  EXPECT_EQ(host.node->view(host.now).blocks.size(), 2U);
}

TEST(Node, SaysWhoHoldsWhatWhenThePoolIsExhausted) {
  Config small = config();
  small.genesis.pools = {Prefix::parse("10.32.0.0/24").value()};
  Host host(small);
  host.make_ready();
  for (int i = 0; i < 255; ++i) {
    ASSERT_TRUE(host.lease({"overlay", "c" + std::to_string(i), "eth0"}));
  }
  const auto full = host.lease({"overlay", "one more", "eth0"});
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::exhausted);
  EXPECT_NE(full.error().text.find("no free IPv4 block is left in the pool: 1 are owned, by h1 1"),
            std::string::npos)
      << full.error().text;
}

TEST(Node, IntentHoldsItsBlockAndPods) {
  Host host;
  host.make_ready();
  host.lease(pod).value();
  const auto intent = host.node->intent();
  ASSERT_TRUE(intent);
  EXPECT_EQ(intent->blocks.front().text(), "10.32.0.0/24");
  EXPECT_EQ(intent->host_addresses.front().text(), "10.32.0.0");
  EXPECT_EQ(intent->pods.front().address.text(), "10.32.0.1");
  EXPECT_EQ(intent->mtu, 1450U);
  EXPECT_FALSE(intent->keep_unknown);
}

TEST(Node, OfAnEncryptedClusterWantsWireguardAndLeavesItRoom) {
  Config encrypted = config();
  encrypted.genesis.encryption = consensus::Encryption::wireguard;
  encrypted.wireguard_port = 4000;
  Host host(encrypted);
  host.make_ready();
  const auto intent = host.node->intent();
  ASSERT_TRUE(intent && intent->encryption);
  EXPECT_EQ(intent->encryption->secret, wireguard_secret(identity.seed));
  EXPECT_EQ(intent->encryption->port, 4000);
  EXPECT_EQ(intent->mtu, 1440u);
}

TEST(Node, ServesBothFamiliesWhereThePoolsHaveBoth) {
  Config dual = config();
  dual.genesis.pools.push_back(Prefix::parse("fd00:32::/48").value());
  Host host(dual);
  host.make_ready();
  const auto leased = host.lease(pod).value();
  ASSERT_EQ(leased->lease.addresses.size(), 2U);
  EXPECT_EQ(leased->lease.addresses[1].text(), "fd00:32::1");
  EXPECT_EQ(leased->lease.mac, pod_mac(leased->lease.addresses[0]));
}

// ---- what the Kubernetes API server knows ----

Config on_kubernetes() {
  Config out = config(false);
  out.kubernetes = true;
  return out;
}

TEST(NodeOnKubernetes, FoundsNothingUnasked) {
  Host host(on_kubernetes());
  host.make_ready();
  host.now += 1h;
  host.node->tick(host.now);
  EXPECT_EQ(host.waits_for(), "a cluster: the one the Kubernetes API server names, or leave to found it");
  EXPECT_FALSE(host.node->genesis());
}

TEST(NodeOnKubernetes, IsInTheClusterThatWasAgreedOnAndProposesNoOther) {
  Host host(on_kubernetes());
  const auto proposed = host.node->propose_genesis();
  ASSERT_TRUE(proposed);
  EXPECT_FALSE(host.node->genesis()) << "a proposal is no cluster";
  ASSERT_TRUE(host.node->adopt_genesis(*proposed, host.now));
  host.make_ready();
  EXPECT_EQ(host.waits_for(), "");
  EXPECT_EQ(host.node->genesis(), *proposed);
  EXPECT_FALSE(host.node->propose_genesis());
  EXPECT_TRUE(host.node->adopt_genesis(*proposed, host.now)) << "said again";

  Host again(on_kubernetes(), host.log);
  EXPECT_EQ(again.node->genesis(), *proposed);
}

TEST(NodeOnKubernetes, StaysInItsClusterWhateverTheApiServerNames) {
  Host mine;
  Config elsewhere = on_kubernetes();
  elsewhere.genesis.pools = {Prefix::parse("10.64.0.0/12").value()};
  Host other(elsewhere);
  const auto theirs = other.node->propose_genesis();
  const Status refused = mine.node->adopt_genesis(*theirs, mine.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_FALSE(other.node->adopt_genesis("nonsense", other.now));
}

TEST(NodeOnKubernetes, AFlagThatDiffersFromTheClustersIsNamed) {
  Host founder(on_kubernetes());
  const auto record = founder.node->propose_genesis();
  Config other = on_kubernetes();
  other.given = {"pool"};
  other.genesis.pools = {Prefix::parse("10.64.0.0/12").value()};
  Host joiner(other);
  const Status refused = joiner.node->adopt_genesis(*record, joiner.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      refused.error().text,
      "--pool 10.64.0.0/12 differs from the cluster's 10.32.0.0/12, which was fixed when it was founded; "
      "leave the flag out");
}

TEST(NodeOnKubernetes, CallsWhomItIsToldBesidesItsOwnTargets) {
  Config with = on_kubernetes();
  with.join = {{"192.0.2.9", 6783}};
  Host host(with);
  host.take();
  host.node->call_also({{"192.0.2.2", 6783}, {"192.0.2.9", 6783}}, host.now);
  host.now = std::max(host.now, host.node->next_deadline());
  host.node->tick(host.now);
  std::vector<std::string> called;
  for (const Effect& effect : host.take().effects) {
    if (const auto* dial = std::get_if<Dial>(&effect)) called.push_back(dial->target.host);
  }
  EXPECT_EQ(called, (std::vector<std::string>{"192.0.2.9", "192.0.2.2"})) << "each once";
}

TEST(NodeOnKubernetes, SaysWhichNodeItIs) {
  Host host;
  host.make_ready();
  host.node->known_as("uid-1", {}, host.now);
  EXPECT_EQ(host.node->view(host.now).peers.front().host_uid, "uid-1");
}

}  // namespace
}  // namespace overlay::node
