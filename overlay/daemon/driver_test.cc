// SPDX-License-Identifier: Apache-2.0
// The real core on a real log: nothing is answered before it is on disk, and a full disk loses nothing.
#include "overlay/daemon/driver.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include "overlay/store/log_format.h"
#include "overlay/store/test_dir.h"

namespace overlay::daemon {
namespace {

using testing::HasSubstr;

node::Config founder() {
  node::Config config;
  config.name = "h1";
  config.bootstrap = true;
  config.genesis.pools = {Prefix::parse("10.32.0.0/12").value()};
  return config;
}

class DriverTest : public testing::Test {
 protected:
  DriverTest() { restart(); }

  /// A life of its own on the same directory.
  void restart() {
    driver.reset();
    directory.reset();
    directory.emplace(store::StateDir::open(dir.path()).value());
    store::Recovered recovered;
    auto store = store::Store::open(*directory, recovered);
    auto started =
        node::Node::start(founder(), KeyPair::from_seed(SecretSeed{{7}}), recovered.entries, Rng(1), now());
    driver.emplace(io, std::move(started).value(), std::move(store).value(),
                   [this](node::Effect effect) { carry_out(effect); });
    driver->feed([](node::Node& node, Time now) {
      node.underlay_changed({Ip::parse("192.0.2.1").value(), 1500}, now);
      node.kernel_reconciled({}, now);
    });
    settle();
  }

  void carry_out(const node::Effect& effect) {
    const auto* answer = std::get_if<node::Answer>(&effect);
    if (answer == nullptr) return;
    ASSERT_TRUE(answer->result) << answer->result.error().text;
    answers.push_back(answer->call);
    log_at_answer = on_disk();
  }
  /// Asks for an address, `call` naming both the call and the container.
  void lease(node::CallId call) {
    const ipam::LeaseKey key{"overlay", "c" + std::to_string(call), "eth0"};
    driver->feed([&](node::Node& node, Time now) { node.lease(call, key, wall_now(), now); });
  }
  std::size_t leases() const { return driver->node().view(now()).leases.size(); }
  std::size_t on_disk() const {
    return store::parse_log(store::slurp(dir / "state.log")).value().entries.size();
  }
  void settle() {
    io.restart();
    while (io.poll() > 0) io.restart();
  }
  bool run_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      io.restart();
      io.run_one_until(deadline);
    }
    return condition();
  }

  store::TestDir dir;
  boost::asio::io_context io{1};
  std::optional<store::StateDir> directory;
  std::optional<Driver> driver;
  std::vector<node::CallId> answers;
  std::size_t log_at_answer = 0;
};

TEST_F(DriverTest, AnswersWhenItIsOnDiskAndNotBefore) {
  const std::size_t before = on_disk();
  lease(1);
  EXPECT_TRUE(answers.empty()) << "within the call";
  settle();
  EXPECT_EQ(answers, std::vector<node::CallId>{1});
  EXPECT_GT(log_at_answer, before);
}

TEST_F(DriverTest, AnswersAWholeTurnTogetherAndInOrder) {
  for (node::CallId call = 1; call <= 20; ++call) lease(call);
  settle();
  ASSERT_EQ(answers.size(), 20U);
  EXPECT_TRUE(std::is_sorted(answers.begin(), answers.end()));
}

TEST_F(DriverTest, ANewLifeKnowsWhatTheLastOneAnswered) {
  lease(1);
  settle();
  const auto before = driver->node().view(now()).leases;
  restart();
  EXPECT_EQ(driver->node().view(now()).leases, before);
}

TEST_F(DriverTest, StoppingKeepsWhatWasUnderWay) {
  lease(1);
  driver->stop();
  settle();
  EXPECT_TRUE(answers.empty()) << "carried out after the stop";
  restart();
  EXPECT_EQ(leases(), 1U);
}

TEST_F(DriverTest, AFullDiskDelaysAnswersAndLosesNone) {
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_action = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{.rlim_cur = std::filesystem::file_size(dir / "state.log") + 10,
                     .rlim_max = old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  int stalls = 0;
  driver->on_stall([&](const Error&) { ++stalls; });
  lease(1);
  settle();
  lease(2);
  settle();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  ::signal(SIGXFSZ, old_action);

  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(stalls, 1);
  ASSERT_TRUE(driver->stall());
  EXPECT_EQ(driver->stall()->error.code, Errc::exhausted);
  EXPECT_THAT(driver->stall()->error.text, HasSubstr("state.log: cannot be written"));
  ASSERT_TRUE(run_until([&] { return answers.size() == 2; })) << "not tried again";
  EXPECT_FALSE(driver->stall());
  restart();
  EXPECT_EQ(leases(), 2U);
}

TEST_F(DriverTest, TheCoreIsCalledAtItsDeadline) {
  const Time due = driver->node().next_deadline();
  ASSERT_LT(due, now() + std::chrono::seconds(8)) << "nothing to wait for within this test";
  EXPECT_TRUE(run_until([&] { return driver->node().next_deadline() > due; }));
}

}  // namespace
}  // namespace overlay::daemon
