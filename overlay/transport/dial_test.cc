// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/dial.h"

#include <gmock/gmock.h>

#include "overlay/transport/loop_test.h"

namespace overlay::transport {
namespace {

using testing::StartsWith;

class DialTest : public testing::Test {
 protected:
  Result<Dialed> dial_and_wait(const HostPort& target) {
    std::optional<Result<Dialed>> answer;
    dial(loop.executor(), target, [&](Result<Dialed> result) { answer.emplace(std::move(result)); });
    EXPECT_FALSE(answer) << "answered from within dial()";
    EXPECT_TRUE(loop.run_until([&] { return answer.has_value(); }));
    return std::move(*answer);
  }

  Loop loop;
  tcp::acceptor acceptor{loop.executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::uint16_t port = acceptor.local_endpoint().port();
};

TEST_F(DialTest, ConnectsToAnAddress) {
  const auto dialed = dial_and_wait({"127.0.0.1", port});
  ASSERT_TRUE(dialed) << dialed.error().text;
  EXPECT_EQ(dialed->remote.text(), "127.0.0.1:" + std::to_string(port));
  EXPECT_EQ(acceptor.accept().remote_endpoint(), dialed->socket.local_endpoint());
}

TEST_F(DialTest, TriesEveryAddressOfAName) {
  // Where localhost is ::1 too, that comes first and nobody listens there.
  const auto dialed = dial_and_wait({"localhost", port});
  ASSERT_TRUE(dialed) << dialed.error().text;
  EXPECT_EQ(dialed->remote.text(), "127.0.0.1:" + std::to_string(port));
}

TEST_F(DialTest, SaysWhoRefused) {
  acceptor.close();
  const auto dialed = dial_and_wait({"127.0.0.1", port});
  ASSERT_FALSE(dialed);
  EXPECT_EQ(dialed.error().code, Errc::unavailable);
  EXPECT_EQ(dialed.error().text, "127.0.0.1:" + std::to_string(port) + ": connection refused");
}

TEST_F(DialTest, SaysWhichAddressOfANameRefused) {
  acceptor.close();
  const auto dialed = dial_and_wait({"localhost", port});
  ASSERT_FALSE(dialed);
  EXPECT_THAT(dialed.error().text, StartsWith("localhost:" + std::to_string(port) + ": "));
  EXPECT_THAT(dialed.error().text,
              testing::HasSubstr("127.0.0.1:" + std::to_string(port) + " connection refused"));
}

TEST_F(DialTest, GivesUpOnAnAddressThatDoesNotAnswer) {
  // A full backlog drops what comes: the nearest loopback has to a host that is gone.
  acceptor.listen(0);
  std::vector<tcp::socket> fill;
  for (int i = 0; i < 4; ++i) {
    fill.emplace_back(loop.executor(), tcp::v4());
    fill.back().async_connect(acceptor.local_endpoint(), [](const error_code&) {});
  }
  loop.settle();
  const auto dialed = dial_and_wait({"127.0.0.1", port});
  ASSERT_FALSE(dialed);
  EXPECT_EQ(dialed.error().code, Errc::unavailable);
  EXPECT_EQ(dialed.error().text, "127.0.0.1:" + std::to_string(port) + ": no answer within 5 s");
}

TEST_F(DialTest, SaysThatANameDoesNotResolve) {
  // A label of 64 letters is no name to any resolver, so none is asked.
  const std::string name(64, 'a');
  const auto dialed = dial_and_wait({name, port});
  ASSERT_FALSE(dialed);
  EXPECT_EQ(dialed.error().code, Errc::not_found);
  EXPECT_THAT(dialed.error().text, StartsWith(name + ":" + std::to_string(port) + ": "));
}

}  // namespace
}  // namespace overlay::transport
