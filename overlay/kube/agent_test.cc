// SPDX-License-Identifier: Apache-2.0
// Goal: agents against an API server over real TLS: one secret and one cluster however many begin at once,
// the Node's condition and taint, who is forgotten, and that a server that goes away costs nothing.
#include "overlay/kube/agent.h"

#include <gtest/gtest.h>

#include "overlay/kube/json.h"
#include "overlay/kube/test_api_server.h"

namespace overlay::kube {
namespace {

using namespace std::chrono_literals;
using test::ApiServer;

const std::string secrets = "/api/v1/namespaces/overlay-system/secrets";
const std::string genesis_path = "/api/v1/namespaces/overlay-system/configmaps/overlay-genesis";
const std::string lease_path = "/apis/coordination.k8s.io/v1/namespaces/overlay-system/leases/overlay";

/// A node that does what it is told and writes it down.
class FakeHost : public Host {
 public:
  explicit FakeHost(std::string host_name) : name(std::move(host_name)) {}

  bool wants_secret() const override { return true; }
  Result<std::string> offer_secret() override { return "secret-of-" + name; }
  Status use_secret(const std::string& text) override {
    secret = text;
    return {};
  }
  std::optional<GenesisObject> genesis() const override {
    return cluster.empty() ? std::nullopt : std::optional(GenesisObject{cluster, cluster, "10.32.0.0/12"});
  }
  Result<GenesisObject> propose_genesis() override {
    return GenesisObject{"cluster-of-" + name, "cluster-of-" + name, "10.32.0.0/12"};
  }
  Status adopt_genesis(const Bytes& record) override {
    if (!cluster.empty() && cluster != record)
      return fail(Errc::conflict, "this node is in cluster " + cluster);
    cluster = record;
    return {};
  }
  std::vector<Prefix> pools() const override { return {Prefix::parse("10.32.0.0/12").value()}; }
  void call(const std::vector<Ip>& addresses) override { peers = addresses; }
  void see_own_node(const Node& node) override {
    uid = node.uid;
    pod_cidrs = node.pod_cidrs;
  }
  bool is_ready() const override { return ready; }
  bool may_lead() const override { return voter; }
  std::vector<Member> members() const override { return known; }
  void forget(const Member& member, std::function<void(const Status&)> done) override {
    ++wishes;
    if (!refusal.empty()) return done(fail(Errc::unavailable, refusal));
    forgotten.push_back(member.id);
    std::erase_if(known, [&](const Member& one) { return one.id == member.id; });
    done({});
  }
  Time now() const override { return time; }
  WallTime wall_now() const override { return {}; }
  void tell(bool is_warning, const std::string& text) override {
    if (is_warning) warnings.push_back(text);
  }

  std::string name;
  std::string secret;
  std::string cluster;
  std::vector<Ip> peers;
  std::string uid;
  std::vector<Prefix> pod_cidrs;
  bool ready = false;
  bool voter = false;
  std::vector<Member> known;
  std::vector<std::string> forgotten;
  std::size_t wishes = 0;  // to forget somebody
  std::string refusal;     // of all of them; empty: they are granted
  std::vector<std::string> warnings;
  Time time{};
};

class AgentTest : public testing::Test {
 protected:
  struct Station {
    Station(asio::io_context& io, const ApiServer& server, const std::string& name, std::uint64_t seed)
        : host(name),
          agent(io, {.access = server.access(), .node = name, .forget_after = 300s, .lease_look = 20ms}, host,
                Rng(seed)) {}
    FakeHost host;
    Agent agent;
  };

  Station& add(const std::string& name) {
    stations_.push_back(std::make_unique<Station>(io_, server_, name, stations_.size()));
    return *stations_.back();
  }
  Station& start(const std::string& name) {
    Station& station = add(name);
    station.agent.start();
    return station;
  }
  /// False when it has not come true within ten seconds.
  [[nodiscard]] bool until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      io_.run_one_until(deadline);
    }
    return true;
  }
  bool has_taint(const std::string& node) const {
    return !server_.node(node)->at("spec").at("taints").as_array().empty();
  }
  bool is_up(const std::string& node) const {
    return text_at(*server_.node(node), "/status/conditions/0/reason") == "OverlayIsUp";
  }

  asio::io_context io_{1};
  ApiServer server_{io_};
  std::vector<std::unique_ptr<Station>> stations_;
};

// ---- founding ----

TEST_F(AgentTest, TheFirstMakesTheSecretAndFoundsTheCluster) {
  server_.put_node("n1", "u1", "192.0.2.1");
  server_.put_node("n2", "u2", "192.0.2.2");
  FakeHost& host = start("n1").host;
  ASSERT_TRUE(until([&] { return !host.cluster.empty() && !host.uid.empty(); }));
  EXPECT_EQ(host.secret, "secret-of-n1");
  EXPECT_EQ(host.cluster, "cluster-of-n1");
  EXPECT_EQ(host.uid, "u1");
  EXPECT_EQ(host.peers, std::vector<Ip>{Ip::parse("192.0.2.2").value()});
  EXPECT_EQ(text_at(*server_.object(genesis_path), "/data/cluster"), "cluster-of-n1");
  EXPECT_TRUE(host.warnings.empty());
}

TEST_F(AgentTest, OfManyThatBeginAtOnceOneFoundsAndAllShareItsSecret) {
  for (int i = 1; i <= 5; ++i) {
    const std::string digit = std::to_string(i);
    server_.put_node("n" + digit, "u" + digit, "192.0.2." + digit);
  }
  for (int i = 1; i <= 5; ++i) start("n" + std::to_string(i));
  const auto all_in = [&] {
    return std::all_of(stations_.begin(), stations_.end(),
                       [](const auto& station) { return !station->host.cluster.empty(); });
  };
  ASSERT_TRUE(until(all_in));
  for (const auto& station : stations_) {
    EXPECT_EQ(station->host.cluster, stations_.front()->host.cluster);
    EXPECT_EQ(station->host.secret, stations_.front()->host.secret);
    EXPECT_EQ(station->host.peers.size(), 4U);
  }
}

TEST_F(AgentTest, ANodeWithAStateNamesItsClusterAgainWhenTheObjectIsGone) {
  server_.put_node("n1", "u1", "192.0.2.1");
  Station& old = add("n1");
  old.host.cluster = "old cluster";
  old.agent.start();
  ASSERT_TRUE(until([&] { return server_.object(genesis_path) != nullptr; }));
  EXPECT_EQ(text_at(*server_.object(genesis_path), "/data/cluster"), "old cluster");
}

TEST_F(AgentTest, NobodyFoundsAnewWhileAnotherHasBeenUp) {
  server_.put_node("n1", "u1", "192.0.2.1");
  server_.put_node("n2", "u2", "192.0.2.2");
  Station& old = add("n2");
  old.host.ready = true;
  old.host.cluster = "old cluster";
  old.agent.start();
  ASSERT_TRUE(until([&] { return is_up("n2") && server_.object(genesis_path) != nullptr; }));
  server_.objects.erase(genesis_path);
  FakeHost& fresh = start("n1").host;
  ASSERT_TRUE(until([&] { return server_.asked("GET", genesis_path) >= 3; }));
  EXPECT_EQ(fresh.cluster, "") << "it waits for n2 to name the cluster";
  fresh.time += 31s;
  ASSERT_TRUE(until([&] { return !fresh.cluster.empty(); }));
  EXPECT_EQ(fresh.cluster, "cluster-of-n1") << "nobody came";
}

TEST_F(AgentTest, ANodeOfAnotherClusterSaysSoAndStaysInIt) {
  server_.put_node("n1", "u1", "192.0.2.1");
  server_.put_node("n2", "u2", "192.0.2.2");
  ASSERT_TRUE(until([&, &host = start("n1").host] { return !host.cluster.empty(); }));
  Station& other = add("n2");
  other.host.cluster = "another";
  other.agent.start();
  ASSERT_TRUE(until([&] { return other.agent.trouble().has_value(); }));
  EXPECT_EQ(
      other.agent.trouble()->text,
      "the ConfigMap overlay-system/overlay-genesis names cluster cluster-: this node is in cluster another; "
      "delete the ConfigMap if it is the one that is wrong, else this node's /var/lib/overlay");
  EXPECT_EQ(other.host.cluster, "another");
}

TEST_F(AgentTest, APoolThatHidesTheServicesIsRefusedWithAFreeOne) {
  server_.put_node("n1", "u1", "192.0.2.1");
  server_.answers["GET /apis/networking.k8s.io/v1/servicecidrs"] = {
      200, R"({"items":[{"spec":{"cidrs":["10.43.0.0/16"]}}]})"};
  Station& station = start("n1");
  ASSERT_TRUE(until([&] { return !server_.events.empty(); }));
  EXPECT_EQ(station.host.cluster, "");
  EXPECT_EQ(server_.object(genesis_path), nullptr);
  ASSERT_TRUE(station.agent.trouble());
  EXPECT_NE(station.agent.trouble()->text.find("give --pool 10.48.0.0/12"), std::string::npos);
  EXPECT_EQ(text_at(server_.events.front(), "/reason"), "OverlayPoolRefused");
}

TEST_F(AgentTest, AnOlderServerTellsTheServiceRangeByItsRefusal) {
  server_.put_node("n1", "u1", "192.0.2.1");
  server_.answers["POST /api/v1/namespaces/overlay-system/services"] = {
      422, R"({"message":"failed to allocate IP 192.0.2.1: The range of valid IPs is 10.43.0.0/16"})"};
  Station& station = start("n1");
  ASSERT_TRUE(until([&] { return station.agent.trouble().has_value(); }));
  EXPECT_NE(station.agent.trouble()->text.find("overlaps the cluster's services, 10.43.0.0/16"),
            std::string::npos);
}

// ---- this host's Node ----

TEST_F(AgentTest, AReadyNodeGetsItsConditionLosesTheTaintAndAnEventTells) {
  server_.put_node("n1", "u1", "192.0.2.1", {"other/taint", "overlay-system/agent-not-ready"});
  Station& station = start("n1");
  ASSERT_TRUE(until([&] { return !station.host.uid.empty() && !station.host.cluster.empty(); }));
  EXPECT_FALSE(is_up("n1"));
  station.host.ready = true;
  station.agent.readiness_changed();
  const auto done = [&] {
    return is_up("n1") && server_.node("n1")->at("spec").at("taints").as_array().size() == 1 &&
           std::any_of(server_.events.begin(), server_.events.end(),
                       [](const auto& event) { return text_at(event, "/reason") == "OverlayIsUp"; });
  };
  ASSERT_TRUE(until(done));
  EXPECT_EQ(text_at(*server_.node("n1"), "/spec/taints/0/key"), "other/taint");
  EXPECT_EQ(server_.asked("PATCH", "/api/v1/nodes/n1/status"), 1U);
}

TEST_F(AgentTest, ATaintThatComesLaterGoesToo) {
  server_.put_node("n1", "u1", "192.0.2.1");
  Station& station = start("n1");
  station.host.ready = true;
  ASSERT_TRUE(until([&] { return is_up("n1"); }));
  server_.put_node("n1", "u1", "192.0.2.1",
                   {"startup-taint.cluster-autoscaler.kubernetes.io/overlay-agent-not-ready"});
  ASSERT_TRUE(until([&] { return !has_taint("n1") && is_up("n1"); }));
}

TEST_F(AgentTest, AMissingNodeIsNamed) {
  Station& station = start("n9");
  ASSERT_TRUE(until([&] { return station.agent.trouble().has_value(); }));
  EXPECT_EQ(station.agent.trouble()->text, "there is no Node 'n9'; give --name the name of this host's Node");
  server_.put_node("n9", "u9", "192.0.2.9");
  ASSERT_TRUE(until([&] { return !station.agent.trouble(); }));
  EXPECT_EQ(station.host.uid, "u9");
}

// ---- a server that comes and goes ----

TEST_F(AgentTest, PodCidrsThatComeLaterAreHeardOf) {
  server_.put_node("n1", "u1", "192.0.2.1");
  FakeHost& host = start("n1").host;
  ASSERT_TRUE(until([&] { return host.uid == "u1"; }));
  EXPECT_TRUE(host.pod_cidrs.empty());
  server_.put_pod_cidrs("n1", {"10.244.3.0/24", "fd44:0:0:3::/64"});
  ASSERT_TRUE(until([&] { return host.pod_cidrs.size() == 2; }));
  EXPECT_EQ(host.pod_cidrs[0].text(), "10.244.3.0/24");
  EXPECT_EQ(host.pod_cidrs[1].text(), "fd44:0:0:3::/64");
}

TEST_F(AgentTest, AServerThatWasAwayIsFoundAgainAndTheWatchGoesOnWithoutAList) {
  server_.put_node("n1", "u1", "192.0.2.1");
  Station& station = start("n1");
  ASSERT_TRUE(until(
      [&] { return !station.host.cluster.empty() && server_.asked("GET", "/api/v1/nodes?watch") == 1; }));
  const std::size_t lists = server_.asked("GET", "/api/v1/nodes?limit");
  server_.is_away = true;
  server_.hang_up();
  ASSERT_TRUE(until([&] { return station.agent.trouble().has_value(); }));
  EXPECT_NE(station.agent.trouble()->text.find("the Kubernetes API server at 127.0.0.1:"), std::string::npos);
  server_.put_node("n1", "u1-new", "192.0.2.1");
  server_.is_away = false;
  ASSERT_TRUE(until([&] { return station.host.uid == "u1-new" && !station.agent.trouble(); }));
  EXPECT_EQ(server_.asked("GET", "/api/v1/nodes?limit"), lists);
}

TEST_F(AgentTest, AWatchThatIsTooOldToGoOnListsAgain) {
  server_.put_node("n1", "u1", "192.0.2.1");
  Station& station = start("n1");
  ASSERT_TRUE(until(
      [&] { return !station.host.cluster.empty() && server_.asked("GET", "/api/v1/nodes?watch") == 1; }));
  const std::size_t lists = server_.asked("GET", "/api/v1/nodes?limit");
  server_.put_node("n1", "u1-new", "192.0.2.1");
  server_.compact();
  server_.hang_up();
  ASSERT_TRUE(until([&] { return server_.asked("GET", "/api/v1/nodes?limit") > lists; }));
  ASSERT_TRUE(until([&] { return station.host.uid == "u1-new"; }));
}

TEST_F(AgentTest, ATokenIsReadAnewWhenItWasReplaced) {
  server_.put_node("n1", "u1", "192.0.2.1");
  server_.token = "token-2";
  Station& station = start("n1");
  ASSERT_TRUE(until([&] { return station.agent.trouble().has_value(); }));
  EXPECT_NE(station.agent.trouble()->text.find("401"), std::string::npos);
  server_.account.write("token", "token-2");
  ASSERT_TRUE(until([&] { return !station.host.cluster.empty(); }));
}

TEST_F(AgentTest, AServerThatTheCaDoesNotVouchForLearnsNothing) {
  server_.put_node("n1", "u1", "192.0.2.1");
  server_.account.write("ca.crt", test::make_certificate().certificate);
  Station& station = start("n1");
  ASSERT_TRUE(until([&] { return station.agent.trouble().has_value(); }));
  EXPECT_NE(station.agent.trouble()->text.find("is not one that ca.crt vouches for"), std::string::npos);
  EXPECT_EQ(server_.asked("GET", ""), 0U);
}

// ---- departures ----

TEST_F(AgentTest, TheLeaderForgetsWhoseNodeWasDeleted) {
  server_.put_node("n1", "u1", "192.0.2.1");
  server_.put_node("n2", "u2", "192.0.2.2");
  Station& leader = add("n1");
  leader.host.voter = true;
  leader.host.known = {{"id2", "n2", "u2"}};
  leader.agent.start();
  ASSERT_TRUE(until([&] { return server_.object(lease_path) != nullptr && !leader.host.cluster.empty(); }));
  EXPECT_EQ(text_at(*server_.object(lease_path), "/spec/holderIdentity"), "n1");
  server_.delete_node("n2");
  server_.put_node("n2", "u2-new", "192.0.2.2");
  const auto looks = [&] { return server_.asked("PUT", lease_path); };
  ASSERT_TRUE(until([&, from = looks()] { return looks() > from + 20; }));
  EXPECT_TRUE(leader.host.forgotten.empty()) << "the grace is not over";
  // Stepwise, as a lease that is not renewed for long is no lease.
  for (int i = 0; i < 11 && leader.host.forgotten.empty(); ++i) {
    leader.host.time += 30s;
    ASSERT_TRUE(until([&, from = looks()] { return looks() > from + 2; }));
  }
  EXPECT_EQ(leader.host.forgotten, std::vector<std::string>{"id2"});
  const auto told = [&] {
    return std::any_of(server_.events.begin(), server_.events.end(),
                       [](const auto& event) { return text_at(event, "/reason") == "OverlayNodeForgotten"; });
  };
  EXPECT_TRUE(until(told));
}

TEST_F(AgentTest, AForgettingThatIsRefusedIsToldAndTriedAgain) {
  server_.put_node("n2", "u2", "192.0.2.2");
  Station& leader = add("n2");
  leader.host.voter = true;
  leader.host.known = {{"id1", "n1", "u1"}};
  leader.host.refusal = "of 1 voters n1 cannot be reached, so nothing is decided: use 'overlayctl recover'";
  leader.agent.start();
  const auto looks = [&] { return server_.asked("PUT", lease_path); };
  ASSERT_TRUE(until([&] { return looks() > 2; }));
  for (int i = 0; i < 20 && leader.host.wishes < 2; ++i) {
    leader.host.time += 30s;
    ASSERT_TRUE(until([&, from = looks()] { return looks() > from + 2; }));
  }
  EXPECT_EQ(leader.host.wishes, 2U);
  const auto told = [&] {
    return std::any_of(server_.events.begin(), server_.events.end(), [&](const auto& event) {
      return text_at(event, "/message") ==
             "cannot forget node n1, whose Node was deleted: " + leader.host.refusal;
    });
  };
  EXPECT_TRUE(until(told));
  leader.host.refusal.clear();
  for (int i = 0; i < 4 && leader.host.forgotten.empty(); ++i) {
    leader.host.time += 30s;
    ASSERT_TRUE(until([&, from = looks()] { return looks() > from + 2; }));
  }
  EXPECT_EQ(leader.host.forgotten, std::vector<std::string>{"id1"});
}

TEST_F(AgentTest, OnlyVotersStandForTheLease) {
  server_.put_node("n1", "u1", "192.0.2.1");
  Station& station = start("n1");
  ASSERT_TRUE(until([&] { return !station.host.cluster.empty(); }));
  EXPECT_EQ(server_.asked("GET", lease_path), 0U);
  station.host.voter = true;
  ASSERT_TRUE(until([&] { return server_.object(lease_path) != nullptr; }));
}

}  // namespace
}  // namespace overlay::kube
