// SPDX-License-Identifier: Apache-2.0
// `overlayctl teardown` without a daemon, in a network namespace of its own.
#include "overlay/ctl/teardown.h"

#include <gmock/gmock.h>

#include <sstream>

#include "overlay/control/test_server.h"
#include "overlay/ctl/app.h"
#include "overlay/kernel/kernel.h"
#include "overlay/kernel/test_namespace.h"
#include "overlay/plan/test_intents.h"

namespace overlay::ctl {
namespace {

using testing::HasSubstr;

struct Ended {
  Exit exit = Exit::done;
  std::string out;
  std::string err;
};

Ended teardown() {
  const control::test::TempFolder folder;
  std::ostringstream out;
  std::ostringstream err;
  Console console{out, err};
  const auto exit = run({"teardown", "--socket", folder.file("none.sock")}, console);
  return {exit, out.str(), err.str()};
}

TEST(Teardown, RemovesWithoutADaemonWhatIsOursAndOnlyThat) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make network namespaces";
  const kernel::NetworkNamespace host;
  host.run([] {
    kernel::make_bridge("theirs");
    kernel::set_up("theirs");
    auto kernel = kernel::Kernel::open();
    ASSERT_TRUE(kernel) << kernel.error().text;
    const auto reconciled = kernel->reconcile(plan::example_intent());
    ASSERT_TRUE(reconciled) << reconciled.error().text;
    const auto ended = teardown();
    EXPECT_EQ(ended.exit, Exit::done) << ended.err;
    for (const auto* line : {"removed route 10.32.2.0/24\n", "removed nexthop 1291845634\n",
                             "removed link overlay.vx\n", "removed link overlay0\n"}) {
      EXPECT_THAT(ended.out, HasSubstr(line));
    }
    EXPECT_TRUE(kernel->observe(plan::example_intent()).value().firewall.empty());
    EXPECT_FALSE(kernel->cluster().value());
    EXPECT_GT(kernel::index_of("theirs"), 0);
    EXPECT_EQ(teardown().out, "nothing of the overlay was here\n");
  });
}

TEST(Teardown, SaysThatItNeedsRootWithoutADaemon) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to call as another user";
  Ended ended;
  control::test::as_nobody([&] { ended = teardown(); });
  EXPECT_EQ(ended.exit, Exit::unreachable);
  EXPECT_THAT(ended.err, HasSubstr("without it the objects can be removed by root alone"));
}

}  // namespace
}  // namespace overlay::ctl
