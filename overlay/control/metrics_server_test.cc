// SPDX-License-Identifier: Apache-2.0
// The --metrics listener over real TCP on loopback.
#include "overlay/control/metrics_server.h"

#include <gmock/gmock.h>

#include "overlay/control/test_server.h"

namespace overlay::control {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class MetricsServerTest : public testing::Test {
 protected:
  void SetUp() override {
    loop_.run([&] {
      server_ = MetricsServer::listen(loop_.io, loopback(0), backend_, events_, MapFor::local).value();
    });
  }
  void TearDown() override {
    loop_.run([&] { server_.reset(); });
  }
  static Endpoint loopback(std::uint16_t port) { return {Ip::v4(INADDR_LOOPBACK), port}; }
  std::string ask(const std::string& request_line) const {
    const test::RawClient client(server_->endpoint().port);
    client.send(request_line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return client.receive_all();
  }

  test::FakeBackend backend_;
  EventLog events_;
  std::unique_ptr<MetricsServer> server_;
  test::LoopThread loop_;
};

TEST_F(MetricsServerTest, IsHealthyWhileNotReady) {
  backend_.status_answer.mutable_node()->add_waiting_for("a block");
  backend_.status_answer.mutable_node()->add_waiting_for("the first kernel sync");
  EXPECT_THAT(ask("GET /healthz"), StartsWith("HTTP/1.1 200 OK"));
  const auto ready = ask("GET /readyz");
  EXPECT_THAT(ready, StartsWith("HTTP/1.1 503 Service Unavailable"));
  EXPECT_THAT(ready, EndsWith("\r\n\r\nwaiting for: a block\nwaiting for: the first kernel sync\n"));
  loop_.run([&] { backend_.status_answer.mutable_node()->set_ready(true); });
  EXPECT_THAT(ask("GET /readyz"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(MetricsServerTest, ServesMetricsAsText) {
  backend_.status_answer.mutable_peers()->set_known(2);
  const auto answer = ask("GET /metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(answer, HasSubstr("\noverlay_peers{state=\"unreachable\"} 2\n"));
}

TEST_F(MetricsServerTest, ServesNothingElse) {
  EXPECT_THAT(ask("GET /"), HasSubstr("there are /metrics, /healthz, /readyz and /ui"));
  EXPECT_THAT(ask("POST /metrics"), StartsWith("HTTP/1.1 405"));
}

TEST_F(MetricsServerTest, NamesTheFlagWhenThePortIsTaken) {
  const auto taken = loop_.run(
      [&] { return MetricsServer::listen(loop_.io, server_->endpoint(), backend_, events_, MapFor::local); });
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().text,
            "--metrics " + server_->endpoint().text() +
                " cannot be listened at (Address already in use): give --metrics a free port "
                "and an address of this host");
}

TEST_F(MetricsServerTest, NamesTheFlagWhenTheAddressIsNotOurs) {
  const Endpoint foreign{Ip::parse("203.0.113.1").value(), 0};
  const auto refused =
      loop_.run([&] { return MetricsServer::listen(loop_.io, foreign, backend_, events_, MapFor::local); });
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, StartsWith("--metrics 203.0.113.1:0 cannot be listened at"));
}

}  // namespace
}  // namespace overlay::control
