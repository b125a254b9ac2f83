// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/listener.h"

#include <gmock/gmock.h>

#include "overlay/transport/loop_test.h"

namespace overlay::transport {
namespace {

/// Any free port of an address.
Endpoint any_port(std::string_view address) { return {Ip::parse(address).value(), 0}; }

TEST(Listener, AcceptsOnEveryAddress) {
  Loop loop;
  auto listener = Listener::open(loop.executor(), {any_port("127.0.0.1"), any_port("127.0.0.2")});
  ASSERT_TRUE(listener) << listener.error().text;
  std::vector<Endpoint> remotes;
  listener->start([&](const tcp::socket&, const Endpoint& remote) { remotes.push_back(remote); });
  std::vector<Endpoint> locals;
  for (const Endpoint& target : listener->endpoints()) {
    EXPECT_NE(target.port, 0);
    tcp::socket socket(loop.executor());
    socket.connect(to_asio(target));
    locals.push_back(from_asio(socket.local_endpoint()));
    ASSERT_TRUE(loop.run_until([&] { return remotes.size() == locals.size(); }));
  }
  EXPECT_EQ(remotes, locals);
}

TEST(Listener, TakesOnePortInBothFamilies) {
  Loop loop;
  const auto v6 = Listener::open(loop.executor(), {any_port("::")});
  if (!v6 && v6.error().code == Errc::unsupported) GTEST_SKIP() << v6.error().text;
  ASSERT_TRUE(v6) << v6.error().text;
  const auto v4 = Listener::open(loop.executor(), {Endpoint{Ip(), v6->endpoints().front().port}});
  EXPECT_TRUE(v4) << v4.error().text;
}

TEST(Listener, NamesATakenPortAndTheFlag) {
  Loop loop;
  const auto first = Listener::open(loop.executor(), {any_port("127.0.0.1")});
  ASSERT_TRUE(first);
  const Endpoint taken = first->endpoints().front();
  const auto second = Listener::open(loop.executor(), {any_port("127.0.0.1"), taken});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_EQ(second.error().text,
            "--listen " + taken.text() +
                ": the port is in use; stop the program that has it, or give --listen another port");
}

TEST(Listener, NamesAnAddressThatIsNotOurs) {
  Loop loop;
  const auto listener = Listener::open(loop.executor(), {Endpoint{Ip::parse("192.0.2.1").value(), 6783}});
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().text,
            "--listen 192.0.2.1:6783: no interface of this host has the address; give one that `ip "
            "address` shows");
}

TEST(Listener, StopsWithItsLife) {
  Loop loop;
  Endpoint target;
  {
    auto listener = Listener::open(loop.executor(), {any_port("127.0.0.1")});
    target = listener->endpoints().front();
    listener->start([](const tcp::socket&, const Endpoint&) { FAIL() << "accepted after its end"; });
  }
  loop.settle();
  tcp::socket socket(loop.executor());
  error_code error;
  socket.connect(to_asio(target), error);
  EXPECT_EQ(error, asio::error::connection_refused);
}

}  // namespace
}  // namespace overlay::transport
