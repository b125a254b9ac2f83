// SPDX-License-Identifier: Apache-2.0
// One host in its own network namespace: what the kernel holds after each thing we, or others, do to it.
#include "overlay/kernel/kernel.h"

#include <gmock/gmock.h>
#include <linux/netlink.h>

#include "overlay/kernel/host.h"
#include "overlay/kernel/offload.h"
#include "overlay/kernel/sysctl.h"
#include "overlay/kernel/test_namespace.h"
#include "overlay/plan/desired.h"
#include "overlay/plan/firewall.h"
#include "overlay/plan/test_intents.h"

namespace overlay::kernel {
namespace {

using plan::example_intent;
using plan::Intent;
using plan::ip;
using plan::Objects;
using plan::Operation;
using plan::prefix;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What one of them says, with the text of each object: failures read like `overlayctl routes`.
std::vector<std::string> texts(const Objects& objects) {
  std::vector<std::string> out;
  for (const plan::Object& object : objects.all()) out.push_back(plan::text(object));
  return out;
}

Kernel open_kernel() {
  auto kernel = Kernel::open();
  if (!kernel) throw std::runtime_error(kernel.error().text);
  return std::move(*kernel);
}

void expect_reconciled(Kernel& kernel, const Intent& intent) {
  const Status status = kernel.reconcile(intent);
  EXPECT_TRUE(status) << status.error().text;
  const auto observed = kernel.observe(intent);
  ASSERT_TRUE(observed) << observed.error().text;
  EXPECT_EQ(texts(*observed), texts(plan::desired(intent)));
}

Socket open_socket() { return std::move(*Socket::open(NETLINK_ROUTE)); }

Result<plan::Underlay> underlay(std::optional<Ip> wanted) {
  Socket socket = open_socket();
  return find_underlay(socket, wanted);
}

std::vector<plan::HostRoute> host_routes() {
  Socket socket = open_socket();
  return foreign_routes(socket).value();
}

class KernelTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make network namespaces";
    host_.emplace();
  }
  template <class Body>
  void on_host(Body body) {
    host_->run(body);
  }

 private:
  std::optional<NetworkNamespace> host_;
};

TEST_F(KernelTest, MakesAllFromNothingAndThenHasNothingToDo) {
  on_host([] {
    Kernel kernel = open_kernel();
    const Intent intent = example_intent();
    expect_reconciled(kernel, intent);
    const std::uint64_t operations = kernel.operations();
    EXPECT_GT(operations, 20u);
    expect_reconciled(kernel, intent);
    EXPECT_EQ(kernel.operations(), operations);
    EXPECT_EQ(kernel.observe(intent).value().links.size(), 2u) << "but they can be seen, as ours";
  });
}

TEST_F(KernelTest, AdoptsWhatAnEarlierLifeMade) {
  on_host([] {
    Intent intent = example_intent();
    intent.peers.front().way = {.relay = intent.peers.back().index, .mtu = 1300};
    Kernel first = open_kernel();
    EXPECT_TRUE(first.ways().value().empty());
    expect_reconciled(first, intent);
    Kernel second = open_kernel();
    expect_reconciled(second, intent);
    EXPECT_EQ(second.operations(), 0u);
    EXPECT_EQ(second.cluster().value(), intent.cluster);
    const plan::FoundWay way{.relay = intent.peers.back().vtep_mac, .mtu = 1300};
    EXPECT_EQ(second.ways().value(), (plan::FoundWays{{{intent.peers.front().vtep_mac, way}}, {}}));
  });
}

TEST_F(KernelTest, WritesOnlyWhatAPeersChangeTakes) {
  on_host([] {
    Kernel kernel = open_kernel();
    Intent intent = example_intent(1, 4);
    EXPECT_FALSE(kernel.update({{intent.peers[0].id, intent.peers[0]}}).value()) << "before the first look";
    expect_reconciled(kernel, intent);
    const std::uint64_t operations = kernel.operations();
    plan::Peer& moved = intent.peers[0];
    moved.underlay = ip("192.0.2.98");
    ASSERT_TRUE(kernel.update({{moved.id, moved}}).value());
    EXPECT_EQ(kernel.operations(), operations + 3) << "FDB entry, and one address for another in the members";
    const plan::Peer gone = intent.peers.back();
    intent.peers.pop_back();
    intent.peers.push_back(plan::example_peer(9));
    ASSERT_TRUE(
        kernel.update({{gone.id, std::nullopt}, {intent.peers.back().id, intent.peers.back()}}).value());
    EXPECT_EQ(texts(kernel.observe(intent).value()), texts(plan::desired(intent)));
    EXPECT_EQ(texts(kernel.made()), texts(plan::desired(intent)));
  });
}

TEST_F(KernelTest, LooksAtAllAgainAfterAnUpdateThatFailed) {
  on_host([] {
    Kernel kernel = open_kernel();
    Intent intent = example_intent(1, 2);
    expect_reconciled(kernel, intent);
    remove_device("overlay.vx");
    intent.peers[0].underlay = ip("192.0.2.98");
    EXPECT_FALSE(kernel.update({{intent.peers[0].id, intent.peers[0]}}));
    EXPECT_FALSE(kernel.update({{intent.peers[0].id, intent.peers[0]}}).value());
    expect_reconciled(kernel, intent);
    EXPECT_TRUE(kernel.update({{intent.peers[0].id, intent.peers[0]}}).value());
  });
}

TEST_F(KernelTest, WorksForEachFamilyAlone) {
  on_host([] {
    Kernel kernel = open_kernel();
    for (const Family gone : {Family::v6, Family::v4}) {
      Intent intent = example_intent();
      std::erase_if(intent.pools, [gone](const Prefix& pool) { return pool.family() == gone; });
      std::erase_if(intent.blocks, [gone](const Prefix& block) { return block.family() == gone; });
      std::erase_if(intent.host_addresses, [gone](const Ip& address) { return address.family() == gone; });
      std::erase_if(intent.pods, [gone](const plan::Pod& pod) { return pod.address.family() == gone; });
      expect_reconciled(kernel, intent);
    }
  });
}

TEST_F(KernelTest, RepairsEachObjectThatSomebodyRemoves) {
  on_host([] {
    Kernel kernel = open_kernel();
    const Intent intent = example_intent();
    const Objects wanted = plan::desired(intent);
    expect_reconciled(kernel, intent);
    for (const plan::Object& object : wanted.all()) {
      SCOPED_TRACE(plan::text(object));
      Operation damage{Operation::Verb::remove, object, std::nullopt};
      if (const auto* setting = std::get_if<plan::Setting>(&object)) {
        damage = {Operation::Verb::change, plan::Setting{setting->path, setting->value == "0" ? "1" : "0"},
                  object};
      } else if (std::holds_alternative<plan::Firewall>(object)) {
        damage = {Operation::Verb::change, plan::Firewall{}, object};
      }
      const Status damaged = kernel.apply({&damage, 1});
      ASSERT_TRUE(damaged) << damaged.error().text;
      EXPECT_NE(texts(kernel.observe(intent).value()), texts(wanted));
      expect_reconciled(kernel, intent);
    }
  });
}

TEST_F(KernelTest, RepairsADeviceThatSomebodyChanges) {
  const struct {
    const char* what;
    void (*damage)();
  } cases[] = {
      {"overlay.vx set down", [] { set_up("overlay.vx", false); }},
      {"overlay0 set down", [] { set_up("overlay0", false); }},
      {"overlay.vx with another MAC", [] { set_mac("overlay.vx", parse_mac("02:00:00:00:00:99").value()); }},
      {"overlay0 with another MAC", [] { set_mac("overlay0", parse_mac("02:00:00:00:00:99").value()); }},
      {"overlay.vx without its alias", [] { set_alias("overlay.vx", ""); }},
      {"overlay.vx with another MTU", [] { set_mtu("overlay.vx", 1300); }},
      {"overlay0 with another MTU", [] { set_mtu("overlay0", 1300); }},
      {"overlay.vx that sums up itself", [] { EXPECT_TRUE(set_checksum_offload("overlay.vx", false)); }},
      {"overlay.vx by another name", [] { rename_device("overlay.vx", "mine"); }},
      {"overlay0 by another name", [] { rename_device("overlay0", "mine"); }},
      {"overlay.vx gone", [] { remove_device("overlay.vx"); }},
      {"overlay0 gone", [] { remove_device("overlay0"); }},
  };
  for (const auto& [what, damage] : cases) {
    SCOPED_TRACE(what);
    NetworkNamespace().run([damage = damage] {
      Kernel kernel = open_kernel();
      const Intent intent = example_intent();
      expect_reconciled(kernel, intent);
      damage();
      EXPECT_NE(texts(kernel.observe(intent).value()), texts(plan::desired(intent)));
      expect_reconciled(kernel, intent);
    });
  }
}

TEST_F(KernelTest, PutsAPodsPortBackOnTheBridge) {
  const struct {
    const char* what;
    void (*damage)();
  } cases[] = {
      {"no port", [] { set_master("veth1", ""); }},
      {"a port of another bridge", [] { set_master("veth1", "other0"); }},
      {"a port of a bridge that was made anew", [] { remove_device("overlay0"); }},
  };
  for (const auto& [what, damage] : cases) {
    SCOPED_TRACE(what);
    NetworkNamespace pod;
    NetworkNamespace host;
    connect(host, "veth1", pod, "eth0");
    host.run([damage = damage] {
      make_bridge("other0");
      Kernel kernel = open_kernel();
      Intent intent = example_intent();
      for (plan::Pod& of : intent.pods) of.port = "veth1";
      expect_reconciled(kernel, intent);
      const std::uint64_t operations = kernel.operations();
      expect_reconciled(kernel, intent);
      EXPECT_EQ(kernel.operations(), operations);
      damage();
      EXPECT_NE(texts(kernel.observe(intent).value()), texts(plan::desired(intent)));
      expect_reconciled(kernel, intent);
    });
  }
}

TEST_F(KernelTest, MakesTheFirewallAnewWhenSomebodyChangedIt) {
  on_host([] {
    Kernel kernel = open_kernel();
    const Intent intent = example_intent();
    expect_reconciled(kernel, intent);
    ASSERT_TRUE(Nft::open().value().run("flush chain inet overlay prerouting"));
    kernel.distrust_firewall();
    const std::uint64_t operations = kernel.operations();
    expect_reconciled(kernel, intent);
    EXPECT_EQ(kernel.operations(), operations + 1);
    expect_reconciled(kernel, intent);
    EXPECT_EQ(kernel.operations(), operations + 1);
  });
}

TEST_F(KernelTest, BacksOffFromAProgramThatKeepsChangingOurRoute) {
  on_host([] {
    Kernel kernel = open_kernel();
    const Intent intent = example_intent();
    Time now{};
    ASSERT_TRUE(kernel.reconcile(intent, now));
    const Operation damage{Operation::Verb::remove, plan::desired(intent).routes.front(), std::nullopt};
    const std::uint64_t before = kernel.operations();
    constexpr int rounds = 50;
    for (int i = 0; i < rounds; ++i, now += std::chrono::milliseconds(20)) {
      ASSERT_TRUE(kernel.apply({&damage, 1}));
      ASSERT_TRUE(kernel.reconcile(intent, now));
    }
    EXPECT_EQ(kernel.operations() - before, rounds + plan::Fights::repairs_max + 1u);
    EXPECT_THAT(kernel.fights(now), ElementsAre("route 10.32.1.0/24"));
    ASSERT_TRUE(kernel.reconcile(intent, now + plan::Fights::hold_min));
    EXPECT_EQ(texts(kernel.observe(intent).value()), texts(plan::desired(intent)));
  });
}

TEST_F(KernelTest, ChangesInPlaceWhatItCanAndRebuildsForAnotherVniOrPort) {
  const struct {
    const char* what;
    void (*change)(Intent&);
    bool same_device;
  } cases[] = {
      {"underlay address", [](Intent& i) { i.underlay.address = ip("192.0.2.50"); }, true},
      {"MTU", [](Intent& i) { i.mtu = 1400; }, true},
      {"a peer's underlay address", [](Intent& i) { i.peers[0].underlay = ip("192.0.2.51"); }, true},
      {"a peer's MAC", [](Intent& i) { i.peers[0].vtep_mac = vtep_mac(plan::node_id(51)); }, true},
      {"a block that moved", [](Intent& i) { std::swap(i.peers[0].blocks, i.peers[1].blocks); }, true},
      {"host addresses",
       [](Intent& i) {
         i.host_addresses = {ip("10.32.1.7"), ip("fd32:0:0:1::7")};
       },
       true},
      {"VNI", [](Intent& i) { i.vni += 1; }, false},
      {"port", [](Intent& i) { i.vxlan_port = 8472; }, false},
      {"underlay family",
       [](Intent& i) {
         i.underlay.address = ip("2001:db8::1");
         for (plan::Peer& peer : i.peers) peer.underlay = ip("2001:db8::").plus(peer.index);
       },
       false},
  };
  for (const auto& [what, change, same_device] : cases) {
    SCOPED_TRACE(what);
    NetworkNamespace().run([change = change, same_device = same_device] {
      Kernel kernel = open_kernel();
      Intent intent = example_intent();
      expect_reconciled(kernel, intent);
      const int before = index_of("overlay.vx");
      change(intent);
      expect_reconciled(kernel, intent);
      EXPECT_EQ(index_of("overlay.vx") == before, same_device);
    });
  }
}

TEST_F(KernelTest, KeepsWhatIsNotWantedUntilToldOtherwise) {
  on_host([] {
    Kernel kernel = open_kernel();
    expect_reconciled(kernel, example_intent(1, 3));
    Intent fewer = example_intent(1, 2);
    fewer.keep_unknown = true;
    const Objects before = kernel.observe(fewer).value();
    EXPECT_TRUE(kernel.reconcile(fewer));
    EXPECT_EQ(kernel.observe(fewer).value().routes, before.routes);
    fewer.keep_unknown = false;
    expect_reconciled(kernel, fewer);
  });
}

TEST_F(KernelTest, LeavesNothingAfterTeardown) {
  on_host([] {
    set_up("lo");
    make_bridge("other0");
    add_route("other0", prefix("10.99.0.0/24"));
    Kernel kernel = open_kernel();
    expect_reconciled(kernel, example_intent());
    Kernel another = open_kernel();
    const Status status = another.teardown();
    ASSERT_TRUE(status) << status.error().text;
    EXPECT_EQ(index_of("overlay0"), 0);
    EXPECT_EQ(index_of("overlay.vx"), 0);
    EXPECT_FALSE(another.cluster().value());
    Objects left = another.observe(example_intent()).value();
    std::erase_if(left.settings,
                  [](const plan::Setting& s) { return s.path.find("/overlay") == std::string::npos; });
    EXPECT_THAT(texts(left), IsEmpty());
    EXPECT_NE(index_of("other0"), 0);
    EXPECT_THAT(host_routes(), testing::Contains(plan::HostRoute{prefix("10.99.0.0/24"), "other0"}));
    EXPECT_TRUE(another.teardown()) << "a second time, with nothing there";
  });
}

TEST_F(KernelTest, RefusesToReplaceARouteThatIsNotOurs) {
  on_host([] {
    make_bridge("other0");
    add_route("other0", prefix("10.32.2.0/24"));
    Kernel kernel = open_kernel();
    const Status status = kernel.reconcile(example_intent());
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::exists);
    EXPECT_THAT(status.error().text, HasSubstr("cannot add route 10.32.2.0/24 nexthop 1291845634"));
    EXPECT_THAT(status.error().text, HasSubstr("not ours: remove it"));
    EXPECT_THAT(host_routes(), testing::Contains(plan::HostRoute{prefix("10.32.2.0/24"), "other0"}));
    // All the rest is in place.
    Objects wanted = plan::desired(example_intent());
    std::erase_if(wanted.routes,
                  [](const plan::Route& r) { return r.destination == prefix("10.32.2.0/24"); });
    EXPECT_EQ(texts(kernel.observe(example_intent()).value()), texts(wanted));
    remove_device("other0");
    expect_reconciled(kernel, example_intent());
  });
}

TEST_F(KernelTest, SaysWhatToDoWhenAnotherDeviceHasTheVni) {
  on_host([] {
    const Intent intent = example_intent();
    Kernel kernel = open_kernel();
    make_vxlan("other.vx", intent.vni, intent.vxlan_port);
    const Status status = kernel.reconcile(intent);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::exists);
    EXPECT_THAT(status.error().text, HasSubstr("cannot add link overlay.vx"));
    EXPECT_THAT(status.error().text,
                HasSubstr("remove the other device, or found the cluster with another --vni"));
    remove_device("other.vx");
    expect_reconciled(kernel, intent);
  });
}

TEST_F(KernelTest, KeepsRouterAdvertisementsWorkingWhenItSwitchesForwardingOn) {
  on_host([] {
    make_bridge("wanted0");
    make_bridge("refused0");
    ASSERT_TRUE(write_sysctl("net/ipv6/conf/refused0/accept_ra", "0"));
    Kernel kernel = open_kernel();
    expect_reconciled(kernel, example_intent());
    EXPECT_EQ(read_sysctl("net/ipv6/conf/wanted0/accept_ra").value(), "2");
    EXPECT_EQ(read_sysctl("net/ipv6/conf/refused0/accept_ra").value(), "0");
    EXPECT_EQ(read_sysctl("net/ipv6/conf/overlay0/accept_ra").value(), "0");
  });
}

TEST_F(KernelTest, LeavesADeviceAloneThatHasOurNameAndIsNotOurs) {
  for (const char* device : {"overlay0", "overlay.vx"}) {
    SCOPED_TRACE(device);
    NetworkNamespace().run([device] {
      make_bridge(device);
      const int index = index_of(device);
      Kernel kernel = open_kernel();
      const Status status = kernel.reconcile(example_intent());
      ASSERT_FALSE(status);
      EXPECT_EQ(status.error(), (Error{Errc::conflict, "a bridge device named " + std::string(device) +
                                                           " is there and not ours; rename or remove it"}));
      EXPECT_THAT(kernel.observe(example_intent()).value().links, IsEmpty());
      EXPECT_TRUE(kernel.teardown());
      EXPECT_EQ(index_of(device), index);
      EXPECT_EQ(kernel.operations(), 0u);
    });
  }
}

TEST_F(KernelTest, LeavesTheDevicesOfAnotherClusterAlone) {
  on_host([] {
    Kernel kernel = open_kernel();
    Intent intent = example_intent();
    expect_reconciled(kernel, intent);
    const std::string mine = intent.cluster.hex();
    intent.cluster = hash_id<ClusterId>("another");
    const std::uint64_t operations = kernel.operations();
    EXPECT_EQ(kernel.reconcile(intent).error(),
              (Error{Errc::conflict, "device overlay0 belongs to cluster " + mine + " and this node to " +
                                         intent.cluster.hex() + "; run `overlayctl teardown` first"}));
    EXPECT_EQ(kernel.operations(), operations);
    EXPECT_EQ(kernel.observe(intent).value().links.size(), 2u) << "but they can be seen, as ours";
  });
}

TEST_F(KernelTest, HoldsTwoThousandPeers) {
  on_host([] {
    Intent intent = example_intent(1, 1);
    for (std::uint32_t i = 2; i <= 2001; ++i) {
      plan::Peer peer = plan::example_peer(2);
      peer.index = i;
      peer.vtep_mac.bytes = {0x02, 0, 0, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
      peer.underlay = ip("198.18.0.0").plus(i);
      peer.blocks = {prefix("10.32.0.0/12").nth(24, i), prefix("fd32::/48").nth(64, i)};
      intent.peers.push_back(peer);
    }
    Kernel kernel = open_kernel();
    expect_reconciled(kernel, intent);
    expect_reconciled(kernel, example_intent(1, 1));
  });
}

TEST_F(KernelTest, TakesTheUnderlayFromTheDefaultRoute) {
  on_host([] {
    EXPECT_EQ(underlay(std::nullopt).error().text,
              "no default route to take the underlay address from; give it with --underlay-address");
    make_bridge("up0");
    const auto up = static_cast<std::uint32_t>(index_of("up0"));
    add_address("up0", ip("2001:db8::7"), 64);
    add_route("up0", prefix("::/0"), ip("2001:db8::1"));
    EXPECT_EQ(underlay(std::nullopt).value(),
              (plan::Underlay{ip("2001:db8::7"), 1500, up, prefix("2001:db8::/64")}));
    add_address("up0", ip("192.0.2.7"), 24);
    add_address("up0", ip("192.0.2.8"), 32);
    add_route("up0", prefix("0.0.0.0/0"), ip("192.0.2.1"));
    EXPECT_EQ(underlay(std::nullopt).value(),
              (plan::Underlay{ip("192.0.2.7"), 1500, up, prefix("192.0.2.0/24")}));
    EXPECT_EQ(underlay(ip("192.0.2.8")).value(), (plan::Underlay{ip("192.0.2.8"), 1500, up}));
    EXPECT_EQ(underlay(ip("192.0.2.9")).error().text,
              "192.0.2.9 is not an address of this host; give one that is with --underlay-address");
    set_up("lo");
    add_address("lo", ip("198.51.100.1"), 32);
    EXPECT_EQ(underlay(ip("198.51.100.1")).value(), (plan::Underlay{ip("198.51.100.1"), 1500}));
  });
}

TEST_F(KernelTest, ListsTheRoutesOfOthersOnly) {
  on_host([] {
    Kernel kernel = open_kernel();
    EXPECT_THAT(host_routes(), IsEmpty());
    make_bridge("other0");
    add_route("other0", prefix("10.40.0.0/16"));
    expect_reconciled(kernel, example_intent());
    std::vector<plan::HostRoute> v4 = host_routes();
    std::erase_if(v4, [](const plan::HostRoute& route) { return !route.destination.address().is_v4(); });
    EXPECT_THAT(v4, ElementsAre(plan::HostRoute{prefix("10.40.0.0/16"), "other0"}));
  });
}

}  // namespace
}  // namespace overlay::kernel
