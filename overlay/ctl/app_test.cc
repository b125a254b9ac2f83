// SPDX-License-Identifier: Apache-2.0
// overlayctl from its arguments to its exit code, against a served fake.
#include "overlay/ctl/app.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <sstream>

#include "overlay/base/secret.h"
#include "overlay/control/json.h"
#include "overlay/control/test_server.h"
#include "overlay/ctl/json_text.h"
#include "overlay/ctl/test_answers.h"

namespace overlay::ctl {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

struct Ended {
  Exit exit = Exit::done;
  std::string out;
  std::string err;
};

Ended overlayctl(std::vector<std::string> arguments) {
  std::ostringstream out;
  std::ostringstream err;
  Console console{out, err};
  const auto exit = run(std::move(arguments), console);
  return {exit, out.str(), err.str()};
}

node::Event peer_event(const char* to) { return {node::Event::Level::info, "peer", "h2", "", to, ""}; }

class AppTest : public testing::Test {
 protected:
  void SetUp() override {
    auto& backend = server_.backend;
    backend.status_answer = examples::status();
    backend.peers_answer = examples::peers();
    backend.links_answer = examples::links();
    backend.ipam_answer = examples::ipam();
    backend.addresses_answer = examples::addresses();
    backend.routes_answer = examples::routes();
    backend.version_answer.set_version("9.8.7");
    backend.version_answer.set_protocol_min(1);
    backend.version_answer.set_protocol_max(2);
  }
  Ended ctl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--socket", server_.socket()});
    return overlayctl(std::move(arguments));
  }
  template <class F>
  void change(F f) {
    server_.run([&] { f(server_.backend); });
  }

  control::test::TestServer server_;
};

TEST(Token, IsAFreshSecretAndNeedsNoDaemon) {
  const auto first = overlayctl({"--socket", "/nonexistent", "token"});
  EXPECT_EQ(first.exit, Exit::done) << first.err;
  EXPECT_TRUE(Secret::parse(first.out.substr(0, first.out.size() - 1))) << first.out;
  EXPECT_EQ(first.out.back(), '\n');
  EXPECT_NE(overlayctl({"token"}).out, first.out);
  EXPECT_THAT(overlayctl({"token", "-o", "json"}).out, StartsWith("{\n  \"token\": \"overlay-"));
}

/// Takes three answers and no more.
class TiredReader : public std::stringbuf {
 protected:
  int sync() override { return ++answers_ < 3 ? 0 : -1; }

 private:
  int answers_ = 0;
};

TEST_F(AppTest, WatchRepeatsUntilNobodyReads) {
  TiredReader reader;
  std::ostream out(&reader);
  std::ostringstream err;
  Console console{out, err};
  EXPECT_EQ(run({"--socket", server_.socket(), "links", "--watch", "--every", "1ms"}, console), Exit::done);
  const auto text = reader.str();
  EXPECT_EQ(text.substr(0, text.size() / 3), text.substr(text.size() / 3, text.size() / 3));
  EXPECT_EQ(ctl({"token", "--watch"}).exit, Exit::usage);
}

TEST_F(AppTest, CompletionOffersEveryCommand) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto ended = ctl({"completion", shell});
    for (const auto& command : commands()) EXPECT_THAT(ended.out, HasSubstr(command.name)) << shell;
  }
  EXPECT_EQ(ctl({"completion", "csh"}).exit, Exit::usage);
}

TEST_F(AppTest, PrintsATableForEachCommand) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"status"}, "node:        h1, version 0.1.0"},
      {{"peers"}, "NAME  STATE  "},
      {{"links"}, "PEER  ADDRESS "},
      {{"ipam"}, "POOL          BLOCKS  FREE\n"},
      {{"ipam", "addresses"}, "ADDRESS    NETWORK  "},
      {{"routes"}, "KIND   KEY "},
      {{"version"}, "overlayctl "},
  };
  for (const auto& [arguments, start] : cases) {
    const auto ended = ctl(arguments);
    EXPECT_EQ(ended.exit, Exit::done) << arguments[0] << ended.err;
    EXPECT_THAT(ended.out, StartsWith(start)) << arguments[0];
    EXPECT_EQ(ended.err, "") << arguments[0];
  }
  EXPECT_THAT(ctl({"version"}).out, EndsWith("\noverlayd   9.8.7, protocol 1 to 2\n"));
}

TEST_F(AppTest, PrintsTheDaemonsOwnJson) {
  const auto status = ctl({"-o", "json", "status"});
  EXPECT_EQ(status.exit, Exit::done);
  EXPECT_EQ(status.out, indented(control::to_json(examples::status())));
  EXPECT_EQ(ctl({"ipam", "addresses", "-o", "json"}).out, indented(control::to_json(examples::addresses())));
}

TEST_F(AppTest, TakesItsOptionsBeforeAndAfterTheCommand) {
  const auto before = ctl({"-o", "wide", "peers"});
  const auto after = ctl({"peers", "-o", "wide"});
  EXPECT_EQ(before.out, after.out);
  EXPECT_THAT(after.out, HasSubstr("  ID  "));
}

TEST_F(AppTest, EndsStatusWith1WhenDegraded) {
  change([](auto& backend) { backend.status_answer.mutable_node()->set_ready(false); });
  EXPECT_EQ(ctl({"status"}).exit, Exit::no);
  EXPECT_EQ(ctl({"status", "-o", "json"}).exit, Exit::no);
  change([](auto& backend) {
    backend.status_answer = examples::status();
    backend.status_answer.add_alarms()->set_name("fork");
  });
  EXPECT_EQ(ctl({"status"}).exit, Exit::no);
}

TEST_F(AppTest, EndsRoutesDiffWith1WhenSomethingDiffers) {
  EXPECT_EQ(ctl({"routes", "--diff"}).exit, Exit::no);
  const auto json = control::from_json<v1::Routes>(ctl({"routes", "--diff", "-o", "json"}).out);
  EXPECT_EQ(json.value().objects_size(), 3);
  change([](auto& backend) { backend.routes_answer.mutable_objects()->DeleteSubrange(1, 3); });
  const auto same = ctl({"routes", "--diff"});
  EXPECT_EQ(same.exit, Exit::done);
  EXPECT_EQ(same.out, "nothing differs: 1 objects are as desired\n");
}

TEST_F(AppTest, ReportsEverythingInOneDocument) {
  server_.run([&] { server_.events.add(peer_event(""), WallTime{}); });
  const auto ended = ctl({"report"});
  EXPECT_EQ(ended.exit, Exit::done);
  for (const auto* part :
       {"\"overlayctl\": \"", "\"version\": {", "\"status\": {", "\"peers\": {", "\"links\": {",
        "\"ipam\": {", "\"addresses\": {", "\"routes\": {", "\"subject\": \"h2\""}) {
    EXPECT_THAT(ended.out, HasSubstr(part));
  }
}

TEST_F(AppTest, PrintsEvents) {
  server_.run([&] { server_.events.add(peer_event("reachable"), WallTime{}); });
  EXPECT_EQ(ctl({"events"}).out, "1970-01-01T00:00:00.000Z  info     peer      h2  - -> reachable\n");
}

TEST_F(AppTest, FollowsEventsUntilTheDaemonEnds) {
  server_.run([&] { server_.events.add(peer_event(""), WallTime{}); });
  // Ends the daemon when the first event has been printed.
  class EndsDaemon : public std::stringbuf {
   public:
    explicit EndsDaemon(control::test::TestServer& server) : server_(server) {}
    int sync() override {
      server_.stop();
      return 0;
    }

   private:
    control::test::TestServer& server_;
  };
  EndsDaemon buffer(server_);
  std::ostream out(&buffer);
  std::ostringstream err;
  Console console{out, err};
  EXPECT_EQ(run({"--socket", server_.socket(), "events", "--follow"}, console), Exit::unreachable);
  EXPECT_EQ(buffer.str(), "1970-01-01T00:00:00.000Z  info     peer      h2\n");
  EXPECT_THAT(err.str(), HasSubstr("overlayctl: overlayd"));
}

TEST_F(AppTest, WaitReturnsAsSoonAsItIsTrue) {
  EXPECT_EQ(ctl({"wait", "--for", "ready"}).exit, Exit::done);
  EXPECT_EQ(ctl({"wait", "--for", "peers=2"}).exit, Exit::done);
}

TEST_F(AppTest, WaitSeesAConditionComeTrue) {
  change([](auto& backend) { backend.status_answer.mutable_node()->set_ready(false); });
  std::thread later(
      [&] { change([](auto& backend) { backend.status_answer.mutable_node()->set_ready(true); }); });
  EXPECT_EQ(ctl({"wait", "--for", "ready", "--timeout", "5s"}).exit, Exit::done);
  later.join();
}

TEST_F(AppTest, WaitSaysWhatIsMissingAtTheTimeout) {
  const auto ended = ctl({"wait", "--for", "synced", "--timeout", "1ms"});
  EXPECT_EQ(ended.exit, Exit::no);
  EXPECT_THAT(ended.err,
              HasSubstr("\n  peer h3 is unreachable: connection refused\n  route 10.32.1.0/24: missing\n"));
  EXPECT_EQ(ended.out, "");
}

TEST_F(AppTest, TearsDownThroughTheDaemonAndListsWhatWent) {
  v1::Removed removed;
  removed.add_objects("route 10.32.1.0/24");
  removed.add_objects("link overlay0");
  change([&](auto& backend) { backend.teardown_answer = removed; });
  const auto ended = ctl({"teardown"});
  EXPECT_EQ(ended.exit, Exit::done);
  EXPECT_EQ(ended.out, "removed route 10.32.1.0/24\nremoved link overlay0\n");
  change([](auto& backend) { backend.teardown_answer = v1::Removed{}; });
  EXPECT_EQ(ctl({"teardown"}).out, "nothing of the overlay was here\n");
}

TEST_F(AppTest, ForgetsNodesAndSaysWhatThatDid) {
  v1::Forgotten forgotten;
  auto& node = *forgotten.add_nodes();
  node.set_name("h9");
  node.add_blocks("10.32.9.0/24");
  node.set_voter(true);
  auto& gone = *forgotten.add_nodes();
  gone.set_name("h8");
  gone.set_removed_before(true);
  forgotten.set_heir("h4");
  forgotten.add_voters("h1");
  forgotten.add_voters("h4");
  change([&](auto& backend) { backend.forget_answer = forgotten; });
  EXPECT_EQ(ctl({"forget", "h9", "h8", "--heir", "h4"}).out,
            "h9 is removed; it owned 10.32.9.0/24, which went to h4; the voters are h1, h4\n"
            "h8 was removed before\n");
  forgotten.set_dry_run(true);
  change([&](auto& backend) { backend.forget_answer = forgotten; });
  EXPECT_EQ(ctl({"forget", "h9", "h8", "--heir", "h4", "--dry-run"}).out,
            "h9 would be removed; it owned 10.32.9.0/24, which would go to h4; the voters would be h1, h4\n"
            "h8 was removed before\n");
  EXPECT_EQ(ctl({"forget"}).exit, Exit::usage);
}

TEST_F(AppTest, ExtendsThePoolAndAssignsPrefixes) {
  v1::Extended extended;
  extended.set_pool("10.64.0.0/12");
  extended.set_blocks(4096);
  change([&](auto& backend) { backend.extend_answer = extended; });
  EXPECT_EQ(ctl({"ipam", "extend", "10.64.0.0/12"}).out, "10.64.0.0/12 is a pool, of 4096 blocks\n");
  v1::Assigned assigned;
  assigned.set_prefix("10.32.3.0/24");
  assigned.set_owner("h2");
  assigned.add_holders("h1");
  assigned.set_dry_run(true);
  change([&](auto& backend) { backend.assign_answer = assigned; });
  EXPECT_EQ(ctl({"ipam", "assign", "10.32.3.0/24", "h2", "--dry-run"}).out,
            "10.32.3.0/24 would be h2's; it was of h1\n");
  EXPECT_EQ(ctl({"ipam", "assign", "10.32.3.0/24"}).exit, Exit::usage);
  std::vector<std::string> calls;
  change([&](auto& backend) { calls = backend.calls; });
  EXPECT_THAT(calls, testing::ElementsAre("extend 10.64.0.0/12", "assign (dry) 10.32.3.0/24 h2"));
}

TEST_F(AppTest, ConnectsAndSaysWhomOverlaydCallsNow) {
  change([](auto& backend) {
    backend.targets_answer.add_targets("h1:6783");
    backend.targets_answer.add_targets("h9:6783");
  });
  EXPECT_EQ(ctl({"connect", "h9"}).out, "done, for restarts too; overlayd calls h1:6783, h9:6783\n");
  change([](auto& backend) { backend.targets_answer.clear_targets(); });
  EXPECT_THAT(ctl({"disconnect", "h9"}).out, HasSubstr("overlayd calls only members"));
  std::vector<std::string> calls;
  change([&](auto& backend) { calls = backend.calls; });
  EXPECT_THAT(calls, testing::ElementsAre("connect h9", "disconnect h9"));
}

TEST_F(AppTest, ExposesAndHidesThisHost) {
  change([](auto& backend) { backend.expose_answer.add_addresses("10.32.0.7"); });
  EXPECT_EQ(ctl({"expose"}).out, "this host is exposed as 10.32.0.7\n");
  EXPECT_EQ(ctl({"expose", "10.32.0.7", "-o", "json"}).out,
            "{\n  \"addresses\": [\n    \"10.32.0.7\"\n  ]\n}\n");
  EXPECT_EQ(ctl({"hide"}).out, "this host is no longer exposed as 10.32.0.7\n");
  change([](auto& backend) { backend.expose_answer.clear_addresses(); });
  EXPECT_EQ(ctl({"hide", "10.32.0.7"}).out, "this host was not exposed\n");
  EXPECT_EQ(ctl({"expose", "10.32.0.7", "10.32.0.8"}).exit, Exit::usage);
  std::vector<std::string> calls;
  change([&](auto& backend) { calls = backend.calls; });
  EXPECT_THAT(calls, testing::ElementsAre("expose ", "expose 10.32.0.7", "hide ", "hide 10.32.0.7"));
}

TEST_F(AppTest, DrainsAndSaysWhichPodsGoOn) {
  v1::Drained drained;
  drained.set_drained(true);
  drained.add_pods("web (10.32.0.1)");
  change([&](auto& backend) { backend.drain_answer = drained; });
  EXPECT_EQ(ctl({"drain"}).out, "this host takes no new pods; these go on: web (10.32.0.1)\n");
  drained.set_drained(false);
  change([&](auto& backend) { backend.drain_answer = drained; });
  EXPECT_EQ(ctl({"undrain"}).out, "this host takes new pods\n");
}

TEST_F(AppTest, LeavesAndTellsWhatItWaitsForUntilItIsOut) {
  v1::Leaving leaving;
  leaving.set_name("h1");
  leaving.set_state("leaving");
  leaving.set_waits_for("10.32.0.0/24 to be taken back");
  v1::Leaving left = leaving;
  left.set_state("left");
  change([&](auto& backend) { backend.leave_answers = {leaving, leaving, left}; });
  const auto ended = ctl({"leave"});
  EXPECT_EQ(ended.exit, Exit::done);
  EXPECT_THAT(ended.out, HasSubstr("h1 has left the cluster"));
  EXPECT_EQ(ended.err, "waits for 10.32.0.0/24 to be taken back\n") << "once, not with each look";
  change([&](auto& backend) { backend.leave_answers = {leaving}; });
  const auto late = ctl({"leave", "--timeout", "1ms"});
  EXPECT_EQ(late.exit, Exit::no);
  EXPECT_THAT(late.err, HasSubstr("goes on leaving by itself; it waits for 10.32.0.0/24 to be taken back"));
}

TEST_F(AppTest, SaysWhatLeavingWouldDo) {
  v1::Leaving plan;
  plan.set_name("h1");
  plan.set_dry_run(true);
  plan.add_blocks("10.32.0.0/24");
  plan.set_voter(true);
  plan.add_voters("h2");
  change([&](auto& backend) { backend.leave_answers = {plan}; });
  EXPECT_EQ(
      ctl({"leave", "--dry-run", "--force"}).out,
      "h1 would give back 10.32.0.0/24, leave its vote, the voters then being h2 and be removed; overlayd "
      "would end\n");
  std::vector<std::string> calls;
  change([&](auto& backend) { calls = backend.calls; });
  EXPECT_THAT(calls, testing::ElementsAre("leave (dry) (force)"));
}

TEST_F(AppTest, RecoversOnlyUnderTheClustersName) {
  change([](auto& backend) { backend.recover_answer.add_voters("h1"); });
  const auto asked = ctl({"recover"});
  EXPECT_EQ(asked.exit, Exit::usage);
  EXPECT_THAT(asked.err, HasSubstr("can then be granted a second time"));
  EXPECT_EQ(ctl({"recover", "--cluster", "12345678"}).out, "the cluster is recovered; its voters are h1\n");
}

TEST_F(AppTest, PassesTheDaemonsOwnSentenceOn) {
  change([](auto& backend) { backend.failure = fail(Errc::io, "the kernel said no: try again"); });
  const auto ended = ctl({"teardown"});
  EXPECT_EQ(ended.exit, Exit::no);
  EXPECT_EQ(ended.err, "overlayctl: the kernel said no: try again\n");
}

TEST(App, EndsWith3WhenNobodyAnswers) {
  const control::test::TempFolder folder;
  const auto socket = folder.file("none.sock");
  for (const auto* command : {"status", "peers", "report", "events", "version"}) {
    const auto ended = overlayctl({command, "--socket", socket});
    EXPECT_EQ(ended.exit, Exit::unreachable) << command;
    EXPECT_EQ(ended.err,
              "overlayctl: overlayd cannot be reached at " + socket +
                  " (No such file or directory): start it with 'systemctl start overlayd', or name its "
                  "socket with --socket\n");
  }
  const auto wait = overlayctl({"wait", "--for", "ready", "--timeout", "1ms", "--socket", socket});
  EXPECT_EQ(wait.exit, Exit::unreachable);
  EXPECT_THAT(wait.err, HasSubstr(socket));
}

TEST(App, NamesTheGroupWhenTheSocketIsNotForThisUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to call as another user";
  control::test::TestServer server;
  ASSERT_EQ(::chmod(server.folder().path().c_str(), 0755), 0);
  Ended ended;
  control::test::as_nobody([&] { ended = overlayctl({"status", "--socket", server.socket()}); });
  EXPECT_EQ(ended.exit, Exit::unreachable);
  EXPECT_THAT(ended.err, HasSubstr("(Permission denied): run it as root or as a member of group overlay\n"));
}

TEST(App, ReadsTheSocketFromTheEnvironment) {
  ASSERT_EQ(::setenv("OVERLAY_SOCKET", "/nonexistent/from-environment", 1), 0);
  EXPECT_THAT(overlayctl({"status"}).err, HasSubstr("at /nonexistent/from-environment "));
  EXPECT_THAT(overlayctl({"status", "--socket", "/nonexistent/flag"}).err,
              HasSubstr("at /nonexistent/flag "));
  ::unsetenv("OVERLAY_SOCKET");
}

TEST(App, EndsWith2WhenItIsCalledWrongly) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, "give a command"},
      {{"frobnicate"}, "frobnicate"},
      {{"status", "extra"}, "extra"},
      {{"status", "-o", "xml"}, "\"xml\" is no format: give table, wide or json"},
      {{"peers", "--frob"}, "--frob"},
      {{"ipam", "pools"}, "pools"},
      {{"wait"}, "--for is required"},
      {{"wait", "--for", "lunch"}, "\"lunch\" cannot be waited for"},
      {{"wait", "--for", "ready", "--timeout", "soon"}, "\"soon\" is no time"},
      {{"status", "peers"}, "peers"},
  };
  for (const auto& [arguments, text] : cases) {
    const auto ended = overlayctl(arguments);
    EXPECT_EQ(ended.exit, Exit::usage) << text;
    EXPECT_THAT(ended.err, HasSubstr(text));
    EXPECT_EQ(ended.out, "") << text;
  }
}

TEST(App, ListsEveryCommandInItsHelp) {
  const auto help = overlayctl({"--help"});
  EXPECT_EQ(help.exit, Exit::done);
  for (const auto& command : commands())
    EXPECT_THAT(help.out, HasSubstr(std::string("\n  ") + command.name + " "));
  EXPECT_EQ(overlayctl({"--version"}).exit, Exit::done);
}

}  // namespace
}  // namespace overlay::ctl
