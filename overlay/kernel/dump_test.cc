// SPDX-License-Identifier: Apache-2.0
// Goal: what is read of a kernel is whole, or said not to be, however much somebody else changes meanwhile.
#include "overlay/kernel/dump.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <atomic>

#include "overlay/kernel/kernel.h"
#include "overlay/kernel/test_namespace.h"
#include "overlay/plan/desired.h"
#include "overlay/plan/test_intents.h"

namespace overlay::kernel {
namespace {

plan::Intent many_peers() {
  plan::Intent out = plan::example_intent();
  out.peers.clear();
  for (std::uint32_t index = 2; index < 1500; ++index) {
    const NodeId id = hash_id<NodeId>("peer " + std::to_string(index));
    out.peers.push_back({.index = index,
                         .id = id,
                         .vtep_mac = vtep_mac(id),
                         .underlay = plan::ip("198.18.0.0").plus(index),
                         .blocks = {plan::prefix("10.40.0.0/13").nth(24, index)}});
  }
  return out;
}

/// Adds and removes a nexthop that is not ours, until told to stop.
void keep_changing(const std::atomic<bool>& stop) {
  auto socket = Socket::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket);
  nhmsg header{};
  header.nh_family = AF_INET;
  set_up("lo");  // a blackhole leads there
  while (!stop) {
    Message add(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE, header);
    const auto added = socket->request(add.u32(NHA_ID, 7).flag(NHA_BLACKHOLE));
    ASSERT_TRUE(added) << added.error().text;
    Message remove(RTM_DELNEXTHOP, 0, nhmsg{});
    ASSERT_TRUE(socket->request(remove.u32(NHA_ID, 7)));
  }
}

TEST(Dump, IsWholeOrRefusedWhileTheTablesChange) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make network namespaces";
  const NetworkNamespace host;
  const plan::Intent intent = many_peers();
  const plan::Objects wanted = plan::desired(intent);
  host.run([&] {
    auto kernel = Kernel::open();
    ASSERT_TRUE(kernel && kernel->reconcile(intent));
    std::atomic<bool> stop = false;
    std::thread rival([&] { host.run([&] { keep_changing(stop); }); });
    int whole = 0;
    for (int look = 0; look < 60; ++look) {
      const auto seen = kernel->observe(intent);
      if (!seen) {
        EXPECT_EQ(seen.error().code, Errc::unavailable) << seen.error().text;
        continue;
      }
      ++whole;
      EXPECT_EQ(seen->nexthops, wanted.nexthops);
      EXPECT_EQ(seen->routes, wanted.routes);
    }
    stop = true;
    rival.join();
    EXPECT_GT(whole, 0) << "and some come through";
    EXPECT_TRUE(kernel->reconcile(intent)) << "as does all once it is quiet";
  });
}

}  // namespace
}  // namespace overlay::kernel
