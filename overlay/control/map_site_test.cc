// SPDX-License-Identifier: Apache-2.0
// The map as a browser asks for it, and who is refused.
#include "overlay/control/map_site.h"

#include <gmock/gmock.h>

#include "overlay/control/json.h"
#include "overlay/control/metrics_server.h"
#include "overlay/control/test_server.h"

namespace overlay::control {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A listener on loopback that shows the map to some.
class MapSiteTest : public testing::Test {
 protected:
  void serve(MapFor shown) {
    const Endpoint any{Ip::v4(INADDR_LOOPBACK), 0};
    loop_.run([&] { server_ = MetricsServer::listen(loop_.io, any, backend_, events_, shown).value(); });
  }
  void TearDown() override {
    loop_.run([&] { server_.reset(); });
  }
  std::string ask(const std::string& target, const std::string& host = "localhost:6782") const {
    const test::RawClient client(server_->endpoint().port);
    client.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    return client.receive_all();
  }
  int maps_made() {
    return loop_.run([&] { return static_cast<int>(backend_.calls.size()); });
  }

  test::FakeBackend backend_;
  EventLog events_;
  std::unique_ptr<MetricsServer> server_;
  test::LoopThread loop_;
};

TEST_F(MapSiteTest, ServesAPageThatMayLoadNothingFromElsewhere) {
  serve(MapFor::local);
  const auto answer = ask("/ui");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Security-Policy: default-src 'none'; "));
  EXPECT_THAT(answer, HasSubstr("; frame-ancestors 'none'\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(answer, EndsWith("</html>\n"));
  // Neither a host to load from, nor a script or style that the policy does not name by its hash.
  EXPECT_THAT(answer, Not(HasSubstr("unsafe-inline")));
  EXPECT_THAT(answer, Not(HasSubstr(" src=\"")));
}

TEST_F(MapSiteTest, ServesTheMapAsJson) {
  backend_.map_answer.mutable_status()->mutable_node()->set_name("h1");
  backend_.map_answer.add_peers()->set_name("h2");
  serve(MapFor::local);
  const auto answer = ask("/ui/data.json");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n" + to_json(backend_.map_answer)));
}

TEST_F(MapSiteTest, MakesOneAnswerForAllWhoAskWithinASecond) {
  backend_.map_answer.mutable_status();
  serve(MapFor::local);
  const test::RawClient first(server_->endpoint().port);
  const test::RawClient second(server_->endpoint().port);
  for (const auto* client : {&first, &second})
    client->send("GET /ui/data.json HTTP/1.1\r\nHost: [::1]:6782\r\nConnection: close\r\n\r\n");
  const auto one = first.receive_all();
  EXPECT_THAT(one, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_EQ(second.receive_all(), one);
  EXPECT_EQ(maps_made(), 1);
}

TEST_F(MapSiteTest, StreamsEvents) {
  serve(MapFor::local);
  const auto tell = [&](const std::string& subject) {
    const node::Event event{node::Event::Level::info, "peer", subject, "unreachable", "reachable", ""};
    loop_.run([&] { events_.add(event, WallTime()); });
  };
  tell("h2");
  tell("h3");
  const test::RawClient client(server_->endpoint().port);
  client.send("GET /ui/events?after=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  const auto old = client.receive_until("\n\r\n");
  EXPECT_THAT(old, HasSubstr("Content-Type: application/x-ndjson\r\n"));
  tell("h4");
  EXPECT_THAT(client.receive_until("\"h4\""), Not(HasSubstr("\"h2\"")));
  EXPECT_THAT(ask("/ui/events?after=x"), StartsWith("HTTP/1.1 400"));
}

TEST_F(MapSiteTest, NamesWhatThereIs) {
  serve(MapFor::local);
  EXPECT_THAT(ask("/ui/x"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(ask("/ui/x"), HasSubstr("there are /ui, /ui/data.json and /ui/events"));
}

TEST_F(MapSiteTest, RefusesANameThatIsNotOurs) {
  serve(MapFor::local);
  for (const std::string host : {"localhost", "127.0.0.1:6782", "[::1]:6782", "192.0.2.1"})
    EXPECT_THAT(ask("/ui/data.json", host), StartsWith("HTTP/1.1 200")) << host;
  for (const std::string host : {"rebound.example:6782", "", "localhost.example"})
    EXPECT_THAT(ask("/ui/data.json", host), StartsWith("HTTP/1.1 403")) << host;
  EXPECT_THAT(ask("/ui", "rebound.example"), HasSubstr("'rebound.example' is no name of this host's own"));
}

TEST_F(MapSiteTest, AnswersToAnyNameWhenShownToAll) {
  serve(MapFor::all);
  EXPECT_THAT(ask("/ui/data.json", "h1.example:6782"), StartsWith("HTTP/1.1 200"));
}

TEST_F(MapSiteTest, SaysThatItIsSwitchedOff) {
  serve(MapFor::nobody);
  for (const std::string path : {"/ui", "/ui/data.json", "/ui/events"}) {
    const auto answer = ask(path);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 403")) << path;
    EXPECT_THAT(answer, HasSubstr("the map is switched off: overlayd --map local shows it")) << path;
  }
  EXPECT_THAT(ask("/healthz"), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace overlay::control
