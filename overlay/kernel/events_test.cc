// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/events.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <chrono>

#include "overlay/kernel/kernel.h"
#include "overlay/kernel/nft.h"
#include "overlay/kernel/sysctl.h"
#include "overlay/kernel/test_namespace.h"
#include "overlay/plan/desired.h"
#include "overlay/plan/test_intents.h"

namespace overlay::kernel {
namespace {

using plan::example_intent;
using plan::ip;
using plan::prefix;

/// Inside a namespace with a reconciled host and an ear that has heard all of that.
template <class Body>
void on_reconciled_host(Body body) {
  NetworkNamespace().run([&body] {
    make_bridge("other0");
    auto kernel = Kernel::open();
    ASSERT_TRUE(kernel) << kernel.error().text;
    ASSERT_TRUE(kernel->reconcile(example_intent()));
    auto events = Events::open();
    ASSERT_TRUE(events) << events.error().text;
    body(*kernel, *events);
  });
}

bool has_news(Events& events) {
  pollfd ready[2]{};
  for (std::size_t i = 0; i < 2; ++i) ready[i] = {.fd = events.fds()[i], .events = POLLIN, .revents = 0};
  return ::poll(ready, 2, 1000) > 0;
}

/// Waits until there is news, then drains it. The kernel tells of some changes a moment later.
bool hears_of_change(Kernel& kernel, Events& events) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (std::chrono::steady_clock::now() < deadline) {
    if (has_news(events) && events.drain(kernel.made()).value()) return true;
  }
  return false;
}

/// Lets the news of what was done so far pass: they have when a marker of ours is heard, because order is
/// kept.
void settle(Kernel& kernel, Events& events) {
  const plan::Operation marker{plan::Operation::Verb::add,
                               plan::Neighbour{plan::Device::bridge, ip("10.32.1.200"), {}}, std::nullopt};
  const plan::Operation unmark{plan::Operation::Verb::remove, marker.object, std::nullopt};
  ASSERT_TRUE(kernel.apply({&marker, 1}));
  ASSERT_TRUE(kernel.apply({&unmark, 1}));
  ASSERT_TRUE(hears_of_change(kernel, events));
  while (events.drain(kernel.made()).value()) {
  }
}

class EventsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make network namespaces";
  }
};

TEST_F(EventsTest, HearOfEachKindOfObjectThatIsTakenAway) {
  on_reconciled_host([](Kernel& kernel, Events& events) {
    for (const plan::Object& object : plan::desired(example_intent()).all()) {
      if (std::holds_alternative<plan::Setting>(object) || std::holds_alternative<plan::Firewall>(object))
        continue;
      SCOPED_TRACE(plan::text(object));
      settle(kernel, events);
      const plan::Operation removal{plan::Operation::Verb::remove, object, std::nullopt};
      ASSERT_TRUE(kernel.apply({&removal, 1}));
      EXPECT_TRUE(hears_of_change(kernel, events));
      ASSERT_TRUE(kernel.reconcile(example_intent()));
    }
  });
}

TEST_F(EventsTest, HearOfWhatElseIsOurs) {
  const struct {
    const char* what;
    const char* path;
    const char* command;
  } cases[] = {
      {"forwarding switched off", "net/ipv4/ip_forward", nullptr},
      {"IPv6 forwarding of a device switched off", "net/ipv6/conf/overlay0/forwarding", nullptr},
      {"all of nftables flushed", nullptr, "flush ruleset"},
      {"a chain of ours flushed", nullptr, "flush chain inet overlay prerouting"},
      {"a member deleted", nullptr, "delete element inet overlay members { 192.0.2.2 }"},
  };
  for (const auto& [what, path, command] : cases) {
    SCOPED_TRACE(what);
    on_reconciled_host([path = path, command = command](Kernel& kernel, Events& events) {
      settle(kernel, events);
      const Status done = path ? write_sysctl(path, "0") : Nft::open().value().run(command);
      ASSERT_TRUE(done) << done.error().text;
      EXPECT_TRUE(hears_of_change(kernel, events));
      EXPECT_EQ(events.take_table_changed(), command != nullptr);
    });
  }
}

TEST_F(EventsTest, HearOfARouteThatTakesThePlaceOfOursAndLeavesIt) {
  on_reconciled_host([](Kernel& kernel, Events& events) {
    const Prefix block = plan::example_peer(2).blocks.front();
    settle(kernel, events);
    replace_route("other0", block);
    EXPECT_TRUE(hears_of_change(kernel, events));
    settle(kernel, events);
    remove_route("other0", block);
    EXPECT_TRUE(hears_of_change(kernel, events));
  });
}

TEST_F(EventsTest, HearOfTheUnderlay) {
  const struct {
    const char* what;
    void (*change)();
  } cases[] = {
      {"a new device", [] { make_bridge("new0"); }},
      {"a device going down", [] { set_up("other0", false); }},
      {"a new address", [] { add_address("other0", ip("192.0.2.1"), 24); }},
      {"a default route", [] { add_route("other0", prefix("0.0.0.0/0"), ip("192.0.2.9")); }},
  };
  for (const auto& [what, change] : cases) {
    SCOPED_TRACE(what);
    on_reconciled_host([change = change](Kernel& kernel, Events& events) {
      settle(kernel, events);
      change();
      EXPECT_TRUE(hears_of_change(kernel, events));
    });
  }
}

/// True when in one of some rounds `act` was heard as no change. The kernel may tell late of an earlier one
/// (a device's carrier), which spoils a round; what `act` itself causes would spoil them all.
template <class Act>
bool ignored(Kernel& kernel, Events& events, Act act) {
  for (int round = 1; round <= 20; ++round) {
    settle(kernel, events);
    act(round);
    if (!events.drain(kernel.made()).value()) return true;
  }
  return false;
}

TEST_F(EventsTest, HearNothingAfterAReconcileThatChangesNothing) {
  on_reconciled_host([](Kernel& kernel, Events& events) {
    EXPECT_TRUE(ignored(kernel, events, [&kernel](int) { ASSERT_TRUE(kernel.reconcile(example_intent())); }));
  });
}

TEST_F(EventsTest, HearNothingOfWhatAnUpdateMade) {
  on_reconciled_host([](Kernel& kernel, Events& events) {
    const NodeId id = plan::example_peer(2).id;
    const auto update = [&](std::optional<plan::Peer> peer) {
      ASSERT_TRUE(kernel.update({{id, std::move(peer)}}).value());
      events.skip_own_table();
      ASSERT_TRUE(has_news(events)) << "the news came";
    };
    EXPECT_TRUE(ignored(kernel, events, [&](int) { update(std::nullopt); })) << "it leaves";
    EXPECT_TRUE(ignored(kernel, events, [&](int) { update(plan::example_peer(2)); })) << "it comes";
    EXPECT_TRUE(ignored(kernel, events, [&](int round) {
      plan::Peer moved = plan::example_peer(2);
      moved.underlay = moved.underlay.plus(100 + static_cast<std::uint64_t>(round));
      update(moved);
    })) << "it moves";
  });
}

TEST_F(EventsTest, IgnoreTheRoutesAndNeighboursOfOthers) {
  on_reconciled_host([](Kernel& kernel, Events& events) {
    EXPECT_TRUE(ignored(kernel, events, [&events](int round) {
      const Prefix destination = prefix("10.96.0.0/12").nth(24, static_cast<std::uint64_t>(round));
      add_route("other0", destination);
      add_neighbour("other0", destination.address().plus(7), vtep_mac(plan::node_id(7)));
      ASSERT_TRUE(has_news(events)) << "the news came";
    }));
  });
}

TEST_F(EventsTest, TakeLostNewsForAChange) {
  on_reconciled_host([](Kernel& kernel, Events& events) {
    settle(kernel, events);
    const int small = 1;  // the kernel's least, a few kilobytes
    ASSERT_EQ(::setsockopt(events.fds()[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    for (int i = 1; i < 100; ++i) {
      add_neighbour("other0", ip("10.99.0.0").plus(static_cast<std::uint64_t>(i)),
                    vtep_mac(plan::node_id(7)));
    }
    EXPECT_TRUE(events.drain(kernel.made()).value());
  });
}

}  // namespace
}  // namespace overlay::kernel
