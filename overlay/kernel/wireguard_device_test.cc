// SPDX-License-Identifier: Apache-2.0
// A real WireGuard device, by the kernel's module where there is one and by wireguard-go otherwise: what it
// holds after each thing we, or others, do to it.
#include <gmock/gmock.h>
#include <linux/netlink.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "overlay/kernel/kernel.h"
#include "overlay/kernel/test_namespace.h"
#include "overlay/kernel/wireguard.h"
#include "overlay/plan/desired.h"
#include "overlay/plan/test_intents.h"

namespace overlay::kernel {
namespace {

using plan::Intent;

std::vector<std::string> texts_of(const plan::Objects& objects) {
  std::vector<std::string> out;
  for (const plan::Object& object : objects.all()) out.push_back(plan::text(object));
  return out;
}

Kernel open_it() {
  auto kernel = Kernel::open();
  if (!kernel) throw std::runtime_error(kernel.error().text);
  return std::move(*kernel);
}

Intent encrypted(std::uint32_t hosts) {
  Intent intent = plan::example_intent(1, hosts);
  intent.encryption = plan::Encryption{wireguard_secret(SecretSeed{{1}}), 51820};
  for (plan::Peer& peer : intent.peers) {
    const auto seed = SecretSeed{{static_cast<std::uint8_t>(peer.index)}};
    peer.id = NodeId{{seed.bytes[0]}};  // in the half that its tunnel address is made of
    peer.key = plan::PeerKey{wireguard_public(wireguard_secret(seed)), WireguardKey{{7}}, 51820};
  }
  return intent;
}

void expect_held(Kernel& kernel, const Intent& intent) {
  const Status status = kernel.reconcile(intent);
  ASSERT_TRUE(status) << status.error().text;
  const auto observed = kernel.observe(intent);
  ASSERT_TRUE(observed) << observed.error().text;
  EXPECT_EQ(texts_of(*observed), texts_of(plan::desired(intent)));
  EXPECT_EQ(observed->wireguard, plan::desired(intent).wireguard);
}

class WireguardDevice : public testing::Test {
 protected:
  void SetUp() override {
    const bool module = open_wireguard("overlay.wg", wireguard_kind).has_value();
    if (module || ::access(wireguard_go_path, X_OK) == 0) {
      std::printf("by %s\n", module ? "the kernel's module" : "wireguard-go");
    } else {
      GTEST_SKIP() << "this kernel has no wireguard module, and wireguard-go is not installed: install it";
    }
  }

  /// In a network namespace, and with a /run/wireguard, of its own; what `body` made is taken away.
  template <class Body>
  void run(Body body) {
    const NetworkNamespace space;
    space.run([&body] {
      ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
      ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
      ::mkdir("/run/wireguard", 0755);
      ASSERT_EQ(::mount("tmpfs", "/run/wireguard", "tmpfs", 0, nullptr), 0);
      body();
      EXPECT_TRUE(open_it().teardown());
    });
  }
};

TEST_F(WireguardDevice, HoldsWhatIsWantedAndIsAdopted) {
  run([] {
    Kernel kernel = open_it();
    expect_held(kernel, encrypted(3));
    Kernel later = open_it();
    expect_held(later, encrypted(3));
    EXPECT_EQ(later.operations(), 0u);
    EXPECT_EQ(*later.cluster(), encrypted(3).cluster);
  });
}

TEST_F(WireguardDevice, FollowsPeersThatComeChangeAndGo) {
  run([] {
    Kernel kernel = open_it();
    expect_held(kernel, encrypted(3));
    expect_held(kernel, encrypted(4));
    Intent changed = encrypted(4);
    changed.peers[0].blocks.clear();
    changed.peers[1].key->preshared = WireguardKey{{8}};
    changed.peers[1].underlay = plan::ip("192.0.2.99");
    changed.peers[2].way.relay = changed.peers[1].index;
    expect_held(kernel, changed);
    expect_held(kernel, encrypted(4));
    expect_held(kernel, encrypted(2));
  });
}

TEST_F(WireguardDevice, ChangesAPeerWithoutALookAtTheRest) {
  run([] {
    Kernel kernel = open_it();
    const Intent before = encrypted(3);
    expect_held(kernel, before);
    Intent after = before;
    after.peers[0].blocks.push_back(plan::prefix("10.33.0.0/24"));
    std::ranges::sort(after.peers[0].blocks);
    EXPECT_TRUE(*kernel.update({{after.peers[0].id, after.peers[0]}}));
    const std::uint64_t made = kernel.operations();
    expect_held(kernel, after);
    EXPECT_EQ(kernel.operations(), made);
  });
}

TEST_F(WireguardDevice, IsMadeAgainWhenItIsGone) {
  run([] {
    Kernel kernel = open_it();
    expect_held(kernel, encrypted(3));
    remove_device("overlay.wg");
    expect_held(kernel, encrypted(3));
  });
}

TEST_F(WireguardDevice, TakesAnotherKeyAndPort) {
  run([] {
    Kernel kernel = open_it();
    expect_held(kernel, encrypted(2));
    Intent other = encrypted(2);
    other.encryption = plan::Encryption{wireguard_secret(SecretSeed{{9}}), 51999};
    other.mtu = 1400;
    expect_held(kernel, other);
  });
}

TEST_F(WireguardDevice, IsGoneAfterTeardown) {
  run([] {
    Kernel kernel = open_it();
    expect_held(kernel, encrypted(2));
    EXPECT_TRUE(kernel.teardown());
    EXPECT_EQ(*kernel.cluster(), std::nullopt);
  });
}

}  // namespace
}  // namespace overlay::kernel
