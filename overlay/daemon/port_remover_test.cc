// SPDX-License-Identifier: Apache-2.0
// Real veth pairs in namespaces of the test's own.
#include "overlay/daemon/port_remover.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <chrono>

#include "overlay/kernel/events.h"
#include "overlay/kernel/test_namespace.h"

namespace overlay::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* port = "veth0123456789a";

class PortRemoverTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make network namespaces";
    kernel::connect(host, port, pod, "eth0");
  }

  PortRemover::Done note(const std::string& what) {
    return [this, what](const Status& status) {
      EXPECT_TRUE(status) << status.error().text;
      calls.push_back(what);
    };
  }
  /// Runs the loop until there have been so many calls.
  void await(std::size_t count) {
    const auto alive = boost::asio::make_work_guard(io);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (calls.size() < count && std::chrono::steady_clock::now() < deadline) {
      io.run_one_for(std::chrono::milliseconds(100));
    }
    ASSERT_EQ(calls.size(), count);
  }

  boost::asio::io_context io;
  std::vector<std::string> calls;
  kernel::NetworkNamespace host, pod;
};

TEST_F(PortRemoverTest, TakesAnInterfaceAwayAndTheEndInThePod) {
  host.run([this] {
    PortRemover remover(io);
    remover.remove(port, note("gone"));
    EXPECT_THAT(calls, IsEmpty());
    await(1);
    EXPECT_EQ(kernel::index_of(port), 0);
    pod.run([] { EXPECT_EQ(kernel::index_of("eth0"), 0); });
  });
}

TEST_F(PortRemoverTest, AnswersAtOnceWhereThereIsNone) {
  host.run([this] {
    PortRemover remover(io);
    remover.remove("vethfedcba98765", note("nothing"));
    EXPECT_THAT(calls, ElementsAre("nothing"));
  });
}

TEST_F(PortRemoverTest, LetsWhoComesAfterwardsWaitInTurn) {
  host.run([this] {
    PortRemover remover(io);
    remover.remove(port, note("first"));
    remover.remove(port, note("again"));
    remover.after(port, [this] { calls.push_back("after"); });
    remover.after("vethfedcba98765", [this] { calls.push_back("another's"); });
    EXPECT_THAT(calls, ElementsAre("another's"));
    await(4);
    EXPECT_THAT(calls, ElementsAre("another's", "first", "again", "after"));
  });
}

TEST_F(PortRemoverTest, HearsOfItFromTheKernelsNewsAndIsNotToldTwice) {
  host.run([this] {
    auto events = kernel::Events::open();
    ASSERT_TRUE(events) << events.error().text;
    const int index = kernel::index_of(port);
    PortRemover remover(io);
    remover.remove(port, note("gone"));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::vector<int> gone;
    while (gone.empty() && std::chrono::steady_clock::now() < deadline) {
      ASSERT_TRUE(events->drain({}));
      gone = events->take_gone_ports();
    }
    EXPECT_THAT(gone, ElementsAre(index));
    EXPECT_EQ(kernel::index_of(port), 0) << "the news come when it is gone";
    remover.gone(index);
    EXPECT_THAT(calls, ElementsAre("gone"));

    kernel::connect(host, port, pod, "eth0");
    remover.remove(port, note("the next one"));
    remover.gone(index);  // of the earlier one
    EXPECT_THAT(calls, ElementsAre("gone"));
    await(2);
    EXPECT_EQ(kernel::index_of(port), 0);
  });
}

TEST_F(PortRemoverTest, CallsNobodyBackWhenItIsNoMore) {
  host.run([this] {
    {
      PortRemover remover(io);
      remover.remove(port, note("gone"));
    }
    io.run();
    EXPECT_THAT(calls, IsEmpty());
  });
}

}  // namespace
}  // namespace overlay::daemon
