// SPDX-License-Identifier: Apache-2.0
// Goal: the simulated network has the manners of TCP: order inside a session, patience over cuts, no word
// from the dead.
#include "overlay/sim/network.h"

#include <gtest/gtest.h>

namespace overlay::sim {
namespace {

using namespace std::chrono_literals;

/// Writes down what it is told.
class Listener final : public Station {
 public:
  bool powered() const override { return up; }
  bool listening() const override { return up; }
  bool settled() const override { return true; }
  void accept(const Endpoint& remote, const std::function<void(mesh::SessionId)>& named) override {
    told.push_back("accepted " + remote.address.text());
    named(100);
  }
  void connected(mesh::SessionId /*session*/, const Endpoint& remote) override {
    told.push_back("connected " + remote.text());
  }
  void received(mesh::SessionId /*session*/, std::string_view frame) override { told.emplace_back(frame); }
  void written(mesh::SessionId /*session*/, std::size_t bytes) override { written_bytes += bytes; }
  void closed(mesh::SessionId /*session*/, const Error& reason) override {
    told.push_back("closed: " + reason.text);
  }

  bool up = true;
  std::size_t written_bytes = 0;
  std::vector<std::string> told;
};

class Line : public testing::Test {
 protected:
  Line() {
    network.attach(a, 0);
    network.attach(b, 1);
  }
  void run(Duration span) {
    const Time end = queue.time() + span;
    while (queue.next() && *queue.next() <= end) queue.run_next();
    queue.jump(end);
  }
  void connect() {
    network.dial(0, 1, {"n2", mesh_port});
    run(1s);
    a.told.clear();
    b.told.clear();
  }
  using Told = std::vector<std::string>;

  EventQueue queue;
  Log log;
  Network network{queue, log, Rng(5)};
  Listener a;
  Listener b;
};

TEST_F(Line, ConnectsByNameAndByAddress) {
  network.dial(0, 1, {"n2", mesh_port});
  network.dial(0, 2, {"192.0.2.2", mesh_port});
  run(1s);
  EXPECT_EQ(a.told, (Told{"connected 192.0.2.2:6783", "connected 192.0.2.2:6783"}));
  EXPECT_EQ(b.told, (Told{"accepted 192.0.2.1", "accepted 192.0.2.1"}));
}

TEST_F(Line, SaysWhyADialFailed) {
  network.dial(0, 1, {"nowhere", mesh_port});
  network.dial(0, 2, {"n2", 1});
  run(1s);
  EXPECT_EQ(a.told, (Told{"closed: there is no host of that name", "closed: connection refused"}));
  a.told.clear();
  b.up = false;
  network.dial(0, 3, {"n2", mesh_port});
  run(4s);
  EXPECT_TRUE(a.told.empty());
  run(2s);
  EXPECT_EQ(a.told, (Told{"closed: no answer within 5 s"}));
}

TEST_F(Line, DeliversInOrderAndSaysWhenItTookThem) {
  connect();
  Told frames;
  for (int i = 0; i < 50; ++i) {
    frames.push_back("frame " + std::to_string(i));
    network.send(0, 1, frames.back());
  }
  run(1s);
  EXPECT_EQ(b.told, frames);
  EXPECT_EQ(a.written_bytes, 50 * 7 + 40U);
}

TEST_F(Line, HoldsBackOverACutAndDeliversAfterTheHeal) {
  connect();
  network.cut(0, 1);
  network.send(0, 1, "late");
  network.send(1, 100, "the other way");
  run(60s);
  EXPECT_TRUE(b.told.empty());
  EXPECT_EQ(a.told, (Told{"the other way"}));
  network.heal(0, 1);
  run(2s);
  EXPECT_EQ(b.told, (Told{"late"}));
}

TEST_F(Line, TakesNoMoreThanTheSendBufferWhileNothingPasses) {
  connect();
  network.admit(1, 100);
  network.cut(0, 1);
  for (int i = 0; i < 10; ++i) network.send(0, 1, Bytes(100'000, 'x'));
  run(1s);
  EXPECT_EQ(a.written_bytes, 300'000U);
  network.heal_all();
  run(3s);
  EXPECT_EQ(a.written_bytes, 1'000'000U);
  EXPECT_EQ(b.told.size(), 10U);
}

TEST_F(Line, SendsWhatIsQueuedBeforeAClose) {
  connect();
  network.send(0, 1, "last words");
  network.close(0, 1);
  run(1s);
  EXPECT_EQ(b.told, (Told{"last words", "closed: closed by the peer"}));
  EXPECT_TRUE(a.told.empty()) << "who closes is not told";
  EXPECT_EQ(network.sessions(), 0U);
}

TEST_F(Line, EndsASessionOfADeadDaemonAtOnceAndOfADeadMachineWhenItIsBack) {
  connect();
  network.daemon_died(1);
  run(1s);
  EXPECT_EQ(a.told, (Told{"closed: closed by the peer"}));

  connect();
  b.up = false;
  network.power_lost(1);
  network.send(0, 1, "anybody there?");
  run(60s);
  EXPECT_TRUE(a.told.empty());
  b.up = true;
  network.power_restored();
  run(2s);
  EXPECT_EQ(a.told, (Told{"closed: connection reset by peer"}));
}

TEST_F(Line, EndsASessionOverAFrameItsReaderDoesNotAllow) {
  connect();
  network.send(0, 1, Bytes(mesh::max_hello_bytes + 1, 'x'));
  run(1s);
  EXPECT_EQ(b.told, (Told{"closed: a frame is too long"}));
  EXPECT_EQ(a.told, (Told{"closed: a frame is too long"}));
}

TEST_F(Line, LeavesTheSessionsOfAnOldAddressHanging) {
  connect();
  network.move(1);
  network.send(0, 1, "lost");
  network.dial(0, 2, {"192.0.2.2", mesh_port});
  network.dial(0, 3, {"198.51.100.2", mesh_port});
  run(10s);
  EXPECT_EQ(b.told, (Told{"accepted 192.0.2.1"}));
}

}  // namespace
}  // namespace overlay::sim
