// SPDX-License-Identifier: Apache-2.0
// The local API over a real unix socket: every route, every way a client can be wrong, slow or rude.
#include "overlay/control/server.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "overlay/control/json.h"
#include "overlay/control/test_server.h"

namespace overlay::control {
namespace {

using test::ask;
using test::RawClient;
using test::TestServer;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr auto* key_json = R"({"network":"overlay","container":"c1","interface":"eth0"})";

node::LeaseAnswer lease_answer() {
  node::LeaseAnswer out;
  out.lease.addresses = {Ip::parse("10.32.0.5").value()};
  out.lease.mac = parse_mac("0a:58:0a:20:00:05").value();
  out.gateway_mac = parse_mac("02:00:00:00:00:01").value();
  out.mtu = 1450;
  out.pools = {Prefix::parse("10.32.0.0/12").value()};
  return out;
}

TEST(Server, AnswersEachGetterAsJson) {
  TestServer server;
  server.backend.status_answer.mutable_node()->set_name("h1");
  server.backend.peers_answer.add_peers()->set_name("h2");
  server.backend.links_answer.add_links()->set_peer("h3");
  server.backend.ipam_answer.add_blocks()->set_prefix("10.32.1.0/24");
  server.backend.addresses_answer.add_addresses()->set_address("10.32.1.7");
  server.backend.routes_answer.add_objects()->set_kind("nexthop");
  server.backend.version_answer.set_version("0.1.0");
  const std::pair<const char*, const char*> cases[] = {
      {"/v1/status", R"({"node":{"name":"h1","id":"","version":"","ready":false,"waiting_for":[])"},
      {"/v1/peers", R"({"peers":[{"name":"h2",)"},
      {"/v1/links", R"({"links":[{"peer":"h3",)"},
      {"/v1/ipam", R"({"pools":[],"blocks":[{"prefix":"10.32.1.0/24",)"},
      {"/v1/ipam/addresses", R"({"addresses":[{"address":"10.32.1.7",)"},
      {"/v1/routes", R"({"objects":[{"kind":"nexthop",)"},
      {"/v1/events", R"({"events":[]})"},
      {"/v1/version", R"({"version":"0.1.0","protocol_min":0,"protocol_max":0})"},
  };
  for (const auto& [path, body] : cases) {
    const auto answer = ask(server.socket(), "GET", path);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n")) << path;
    EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n")) << path;
    EXPECT_THAT(answer, HasSubstr(std::string("\r\n\r\n") + body)) << path;
    EXPECT_THAT(answer, EndsWith("}\n")) << path;
  }
}

TEST(Server, HandsLeaseCallsOnAndAnswersTheLease) {
  TestServer server;
  server.backend.lease_answer = lease_answer();
  EXPECT_THAT(
      ask(server.socket(), "POST", "/v1/cni/add", key_json),
      EndsWith(R"({"addresses":["10.32.0.5"],"mac":"0a:58:0a:20:00:05","gateway_mac":"02:00:00:00:00:01",)"
               R"("mtu":1450,"pools":["10.32.0.0/12"]})"
               "\n"));
  ask(server.socket(), "POST", "/v1/cni/check", key_json);
  server.run([&] { server.backend.lease_answer.reset(); });
  EXPECT_THAT(ask(server.socket(), "POST", "/v1/cni/del", key_json), EndsWith("\r\n\r\n{}\n"));
  EXPECT_THAT(server.backend.calls,
              ElementsAre("add overlay c1 eth0", "check overlay c1 eth0", "del overlay c1 eth0"));
}

TEST(Server, HandsACollectionOnWithWhatIsValid) {
  TestServer server;
  EXPECT_THAT(ask(server.socket(), "POST", "/v1/cni/gc",
                  R"({"network":"overlay","valid":[{"container":"c1","interface":"eth0"}]})"),
              EndsWith("\r\n\r\n{}\n"));
  EXPECT_THAT(server.backend.calls, ElementsAre("gc overlay", "valid overlay c1 eth0"));
  EXPECT_THAT(ask(server.socket(), "POST", "/v1/cni/gc", "{}"), HasSubstr("network \\\"\\\" is not usable"));
}

TEST(Server, AnswersALeaseThatComesLater) {
  TestServer server;
  server.backend.keep_replies = true;
  const RawClient client(server.socket());
  client.send(std::string("POST /v1/cni/add HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ") +
              std::to_string(std::strlen(key_json)) + "\r\n\r\n" + key_json);
  EXPECT_THAT(ask(server.socket(), "GET", "/v1/version"), StartsWith("HTTP/1.1 200"));
  while (server.run([&] { return server.backend.kept_reply == nullptr; })) std::this_thread::yield();
  server.run([&] { std::exchange(server.backend.kept_reply, nullptr)(lease_answer()); });
  EXPECT_THAT(client.receive_all(), HasSubstr("10.32.0.5"));
}

TEST(Server, ForgetsALeaseReplyThatComesAfterItsEnd) {
  TestServer server;
  server.backend.keep_replies = true;
  const RawClient client(server.socket());
  client.send(std::string("POST /v1/cni/add HTTP/1.1\r\nHost: x\r\nContent-Length: ") +
              std::to_string(std::strlen(key_json)) + "\r\n\r\n" + key_json);
  while (server.run([&] { return server.backend.kept_reply == nullptr; })) std::this_thread::yield();
  server.stop();
  server.run([&] { std::exchange(server.backend.kept_reply, nullptr)(lease_answer()); });
  EXPECT_EQ(client.receive_all(), "");
}

TEST(Server, SaysWhatIsWrongWithARequest) {
  TestServer server;
  struct Case {
    const char* method;
    const char* target;
    const char* body;
    const char* status;
    const char* text;
  };
  const Case cases[] = {
      {"GET", "/", "", "404 Not Found", "GET /v1/status, GET /v1/peers"},
      {"GET", "/v1/status/", "", "404 Not Found", "nothing is at this path"},
      {"GET", "/v1/cni/add", "", "405 Method Not Allowed", "/v1/cni/add serves POST, not GET"},
      {"DELETE", "/v1/status", "", "405 Method Not Allowed", "/v1/status serves GET, not DELETE"},
      {"GET", "/v1/events?after=x", "", "400 Bad Request", "after=x is not an event's id"},
      {"GET", "/v1/status?watch=1", "", "400 Bad Request", "parameter watch=1 is not known here"},
      {"POST", "/v1/cni/add", "", "400 Bad Request", "not the JSON of a LeaseRequest"},
      {"POST", "/v1/cni/add", "not json", "400 Bad Request", "not the JSON of a LeaseRequest"},
      {"POST", "/v1/cni/add", R"({"network":7.5e})", "400 Bad Request", "not the JSON of a LeaseRequest"},
      {"POST", "/v1/cni/add", "{}", "400 Bad Request", "network \\\"\\\" is not usable"},
      {"POST", "/v1/cni/del", R"({"network":"n","container":"../x","interface":"eth0"})", "400 Bad Request",
       "container \\\"../x\\\" is not usable"},
      {"POST", "/v1/cni/check", R"({"network":"n","container":"c","interface":"0123456789abcdef"})",
       "400 Bad Request", "interface \\\"0123456789abcdef\\\" is not usable"},
  };
  for (const auto& test : cases) {
    const auto answer = ask(server.socket(), test.method, test.target, test.body);
    EXPECT_THAT(answer, StartsWith(std::string("HTTP/1.1 ") + test.status)) << test.target << test.body;
    EXPECT_THAT(answer, HasSubstr(test.text)) << test.target << test.body;
  }
  EXPECT_THAT(server.backend.calls, IsEmpty());
  EXPECT_THAT(ask(server.socket(), "GET", "/v1/teardown"), HasSubstr("\r\nAllow: POST\r\n"));
}

TEST(Server, TurnsEachKindOfFailureIntoItsHttpStatus) {
  TestServer server;
  const std::pair<Errc, const char*> cases[] = {
      {Errc::invalid, "400"},   {Errc::refused, "403"},     {Errc::not_found, "404"},
      {Errc::exists, "409"},    {Errc::conflict, "409"},    {Errc::io, "500"},
      {Errc::corrupt, "500"},   {Errc::unsupported, "501"}, {Errc::unavailable, "503"},
      {Errc::exhausted, "503"},
  };
  for (const auto& [code, status] : cases) {
    server.run([&, code = code] { server.backend.failure = fail(code, "why and the cure"); });
    const auto answer = ask(server.socket(), "POST", "/v1/cni/add", key_json);
    EXPECT_THAT(answer, StartsWith(std::string("HTTP/1.1 ") + status));
    EXPECT_THAT(answer,
                EndsWith("{\"code\":\"" + std::string(name(code)) + "\",\"text\":\"why and the cure\"}\n"));
  }
}

TEST(Server, AnswersBytesThatAreNoHttpWith400) {
  TestServer server;
  for (const auto* bytes : {"\x16\x03\x01 hello\r\n\r\n", "GET\r\n\r\n", "GET /v1/status HTTP/9.9\r\n\r\n",
                            "POST /v1/cni/add HTTP/1.1\r\nContent-Length: many\r\n\r\n"}) {
    const RawClient client(server.socket());
    client.send(bytes);
    EXPECT_THAT(client.receive_all(), StartsWith("HTTP/1.1 400 Bad Request\r\n")) << bytes;
  }
}

TEST(Server, RefusesALongBodyWithoutReadingIt) {
  TestServer server;
  const RawClient client(server.socket());
  client.send("POST /v1/cni/add HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
  const auto answer = client.receive_all();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 Payload Too Large\r\n"));
  EXPECT_THAT(answer, HasSubstr("longer than 65536 bytes"));
}

TEST(Server, ReadsABodyAtTheLimit) {
  TestServer server;
  EXPECT_THAT(ask(server.socket(), "POST", "/v1/cni/add", std::string(65536, ' ')),
              HasSubstr("not the JSON of a LeaseRequest"));
}

TEST(Server, RefusesALongHeader) {
  TestServer server;
  const RawClient client(server.socket());
  client.send("GET /v1/status HTTP/1.1\r\nX-Long: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_THAT(client.receive_all(), StartsWith("HTTP/1.1 431 "));
}

TEST(Server, ServesManyRequestsOnOneConnection) {
  TestServer server;
  const RawClient client(server.socket());
  for (int i = 0; i < 3; ++i) {
    client.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.receive_until("{\"events\":[]}\n"), StartsWith("HTTP/1.1 200 OK"));
  }
}

TEST(Server, ClosesOnAClientThatDoesNotFinishItsRequest) {
  TestServer server(HttpLimits{.idle = std::chrono::milliseconds(50)});
  const RawClient client(server.socket());
  client.send("GET /v1/sta");
  EXPECT_EQ(client.receive_all(), "");
}

TEST(Server, ClosesOnAFollowerThatDoesNotRead) {
  TestServer server(HttpLimits{.idle = std::chrono::milliseconds(50)});
  const RawClient client(server.socket());
  client.send("GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  client.receive_until("\r\n\r\n");
  node::Event event;
  event.text = std::string(60'000, 'x');
  server.run([&] {
    for (int i = 0; i < 200; ++i) server.events.add(event, WallTime{});  // 12 MB: more than any socket buffer
  });
  // Another client, served meanwhile, shows that the loop is not held up.
  EXPECT_THAT(ask(server.socket(), "GET", "/v1/version"), StartsWith("HTTP/1.1 200"));
  const auto got = client.receive_all();
  EXPECT_LT(got.size(), 12'000'000u);
}

TEST(Server, LetsTheNextClientWaitWhenAllConnectionsAreTaken) {
  TestServer server(HttpLimits{.connections = 1});
  auto first = std::make_unique<RawClient>(server.socket());
  first->send("GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n");
  first->receive_until("}\n");
  const RawClient second(server.socket());
  second.send("GET /v1/version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  first.reset();
  EXPECT_THAT(second.receive_all(), StartsWith("HTTP/1.1 200"));
}

TEST(Server, StreamsEventsAsTheyCome) {
  TestServer server;
  node::Event event;
  event.kind = "peer";
  event.subject = "h2";
  server.run([&] { server.events.add(event, WallTime{}); });
  const RawClient client(server.socket());
  client.send("GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.receive_until("}\n"),
              HasSubstr(R"({"id":1,"level":"info","kind":"peer","subject":"h2",)"));
  event.subject = "h3";
  server.run([&] { server.events.add(event, WallTime{}); });
  EXPECT_THAT(client.receive_until("}\n"), HasSubstr(R"("subject":"h3")"));
}

TEST(Server, StreamsOnlyWhatComesAfterTheGivenId) {
  TestServer server;
  for (const auto* subject : {"one", "two", "three"}) {
    node::Event event;
    event.subject = subject;
    server.run([&] { server.events.add(event, WallTime{}); });
  }
  const RawClient client(server.socket());
  client.send("GET /v1/events?after=2&follow=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto got = client.receive_until("}\n");
  EXPECT_THAT(got, HasSubstr("three"));
  EXPECT_THAT(got, testing::Not(HasSubstr("two")));
  EXPECT_THAT(ask(server.socket(), "GET", "/v1/events?after=2"), HasSubstr(R"({"events":[{"id":3,)"));
}

TEST(Server, LimitsHowManyFollow) {
  TestServer server;
  std::vector<std::unique_ptr<RawClient>> followers;
  const auto follow = [&] {
    auto& client = *followers.emplace_back(std::make_unique<RawClient>(server.socket()));
    client.send("GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    return client.receive_until("\r\n");
  };
  for (int i = 0; i < 32; ++i) EXPECT_EQ(follow(), "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(follow(), "HTTP/1.1 503 Service Unavailable\r\n");
  followers.clear();
  // The server learns of their end soon, not at once.
  std::string last;
  for (int i = 0; i < 1000 && last != "HTTP/1.1 200 OK\r\n"; ++i) last = follow();
  EXPECT_EQ(last, "HTTP/1.1 200 OK\r\n");
}

TEST(Server, LetsOtherUsersReadButNotAct) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to call as another user";
  TestServer server;
  ASSERT_EQ(::chmod(server.folder().path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(server.socket().c_str(), 0666), 0);
  std::string read;
  std::string acted;
  std::string key;
  test::as_nobody([&] {
    read = ask(server.socket(), "GET", "/v1/version");
    acted = ask(server.socket(), "POST", "/v1/teardown");
    key = ask(server.socket(), "GET", "/v1/backup");
  });
  EXPECT_THAT(read, StartsWith("HTTP/1.1 200"));
  for (const auto& answer : {acted, key}) EXPECT_THAT(answer, StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(acted, HasSubstr("user 65534 may only read here"));
  EXPECT_THAT(server.backend.calls, IsEmpty());
}

TEST(Server, AnswersABackupAsItIs) {
  TestServer server;
  server.backend.backup_answer = Bytes("OVL\0\xff\n", 6);
  const auto answer = ask(server.socket(), "GET", "/v1/backup");
  EXPECT_THAT(answer, HasSubstr("application/octet-stream"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n" + server.backend.backup_answer));
}

TEST(Server, TearsDown) {
  TestServer server;
  v1::Removed removed;
  removed.add_objects("link overlay0");
  server.backend.teardown_answer = removed;
  EXPECT_THAT(ask(server.socket(), "POST", "/v1/teardown"), EndsWith("{\"objects\":[\"link overlay0\"]}\n"));
  EXPECT_THAT(server.backend.calls, ElementsAre("teardown"));
}

TEST(Server, ForgetsAndRecovers) {
  TestServer server;
  server.backend.forget_answer.add_nodes()->set_name("h9");
  server.backend.recover_answer.add_voters("h2");
  EXPECT_THAT(ask(server.socket(), "POST", "/v1/forget", R"({"names":["h9"],"heir":"h4","dry_run":true})"),
              HasSubstr(R"({"nodes":[{"name":"h9",)"));
  EXPECT_THAT(ask(server.socket(), "POST", "/v1/recover", R"({"cluster":"12345678"})"),
              EndsWith("{\"voters\":[\"h2\"]}\n"));
  EXPECT_THAT(ask(server.socket(), "POST", "/v1/forget", "h9"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(server.backend.calls, ElementsAre("forget (dry) h9 for h4", "recover 12345678"));
}

TEST(Server, ExtendsThePoolAndAssignsPrefixes) {
  TestServer server;
  server.backend.extend_answer.set_pool("10.64.0.0/12");
  server.backend.assign_answer.set_owner("h2");
  EXPECT_THAT(ask(server.socket(), "POST", "/v1/ipam/extend", R"({"pool":"10.64.0.0/12"})"),
              HasSubstr(R"({"pool":"10.64.0.0/12",)"));
  EXPECT_THAT(ask(server.socket(), "POST", "/v1/ipam/assign",
                  R"({"prefix":"10.32.3.0/24","owner":"h2","dry_run":true})"),
              HasSubstr(R"("owner":"h2")"));
  EXPECT_THAT(server.backend.calls, ElementsAre("extend 10.64.0.0/12", "assign (dry) 10.32.3.0/24 h2"));
}

TEST(Server, HasAnsweredATeardownWhenTheDaemonEndsAtOnce) {
  /// Ends the server right after its answer, as a daemon does.
  struct EndingBackend : test::FakeBackend {
    std::unique_ptr<Server> server;
    void teardown(TeardownReply reply) override {
      reply(v1::Removed{});
      server.reset();
    }
  };
  const test::TempFolder folder;
  EndingBackend backend;
  EventLog events;
  test::LoopThread loop;
  const auto socket = folder.file("overlayd.sock");
  loop.run([&] {
    backend.server = Server::listen(loop.io, {socket, "overlay", {}}, backend, events).value();
  });
  EXPECT_THAT(ask(socket, "POST", "/v1/teardown"), EndsWith("{\"objects\":[]}\n"));
}

TEST(Server, MakesItsSocketPrivateAndRemovesItAtTheEnd) {
  TestServer server;
  struct stat file {};
  ASSERT_EQ(::stat(server.socket().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0660u);
  server.stop();
  EXPECT_NE(::stat(server.socket().c_str(), &file), 0);
  EXPECT_TRUE(std::filesystem::is_empty(server.folder().path()));
}

Result<std::unique_ptr<Server>> listen_at(const std::string& path, boost::asio::io_context& io,
                                          test::FakeBackend& backend, EventLog& events) {
  return Server::listen(io, {path, "overlay", {}}, backend, events);
}

TEST(Server, DoesNotTakeOverALivingDaemonsSocket) {
  TestServer server;
  boost::asio::io_context io;
  const auto second = listen_at(server.socket(), io, server.backend, server.events);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_THAT(second.error().text, HasSubstr("is served by process " + std::to_string(::getpid())));
  EXPECT_THAT(ask(server.socket(), "GET", "/v1/version"), StartsWith("HTTP/1.1 200"));
}

TEST(Server, TakesOverADeadDaemonsSocket) {
  const test::TempFolder folder;
  const auto path = folder.file("overlayd.sock");
  const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  ASSERT_EQ(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(dead);
  boost::asio::io_context io;
  test::FakeBackend backend;
  EventLog events;
  EXPECT_TRUE(listen_at(path, io, backend, events));
}

TEST(Server, LeavesWhatIsNoSocketOfItsOwn) {
  const test::TempFolder folder;
  const auto path = folder.file("overlayd.sock");
  boost::asio::io_context io;
  test::FakeBackend backend;
  EventLog events;
  std::ofstream(path) << "precious";
  const auto on_file = listen_at(path, io, backend, events);
  ASSERT_FALSE(on_file);
  EXPECT_THAT(on_file.error().text, HasSubstr("is a file but no socket"));
  EXPECT_TRUE(std::filesystem::exists(path));
  std::filesystem::remove(path);
  {
    const auto server = listen_at(path, io, backend, events);
    ASSERT_TRUE(server);
    std::filesystem::remove(path);
    std::ofstream(path) << "somebody else's now";
  }
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Server, SaysWhyNoSocketCanBeMade) {
  const test::TempFolder folder;
  boost::asio::io_context io;
  test::FakeBackend backend;
  EventLog events;
  const auto nowhere = listen_at(folder.file("none/overlayd.sock"), io, backend, events);
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().text, HasSubstr("--run-dir"));
  const auto too_long = listen_at(folder.file(std::string(108, 'x')), io, backend, events);
  ASSERT_FALSE(too_long);
  EXPECT_THAT(too_long.error().text, HasSubstr("give a shorter --run-dir"));
}

}  // namespace
}  // namespace overlay::control
