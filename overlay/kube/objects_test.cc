// SPDX-License-Identifier: Apache-2.0
// Goal: what the API server says is read right, and what it should not say does no harm.
#include "overlay/kube/objects.h"

#include <gtest/gtest.h>

#include "overlay/kube/http.h"
#include "overlay/kube/lines.h"
#include "overlay/kube/node_watch.h"

namespace overlay::kube {
namespace {

using namespace std::chrono_literals;

/// A Node as the API server prints it, cut down to what could be mistaken.
std::string node_json(const std::string& name, const std::string& uid, const std::string& version = "7") {
  return R"({"metadata":{"name":")" + name + R"(","uid":")" + uid + R"(","resourceVersion":")" + version +
         R"("},"spec":{"podCIDR":"10.244.1.0/24","podCIDRs":["10.244.1.0/24","fd00:1::/64"],)"
         R"("taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"},)"
         R"({"key":"overlay-system/agent-not-ready","effect":"NoExecute"}]},)"
         R"("status":{"addresses":[{"type":"Hostname","address":"n1"},{"type":"InternalIP","address":"192.0.2.1"},)"
         R"({"type":"InternalIP","address":"2001:db8::1"},{"type":"ExternalIP","address":"198.51.100.1"}],)"
         R"("conditions":[{"type":"Ready","status":"False","reason":"OverlayIsUp"},)"
         R"({"type":"NetworkUnavailable","status":"False","reason":"OverlayIsUp"}]}})";
}

std::string page_json(const std::string& items, const std::string& version, const std::string& next) {
  return R"({"kind":"NodeList","metadata":{"resourceVersion":")" + version + R"(","continue":")" + next +
         R"("},"items":[)" + items + "]}";
}

std::string event_json(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}";
}

TEST(KubeObjects, ReadsWhatMattersOfANode) {
  const auto page = parse_node_page(page_json(node_json("n1", "u1"), "9", "more"));
  ASSERT_TRUE(page) << page.error().text;
  EXPECT_EQ(page->version, "9");
  EXPECT_EQ(page->next, "more");
  ASSERT_EQ(page->nodes.size(), 1U);
  const Node& node = page->nodes.front();
  EXPECT_EQ(node.name, "n1");
  EXPECT_EQ(node.uid, "u1");
  ASSERT_EQ(node.addresses.size(), 2U);
  EXPECT_EQ(node.addresses[0].text(), "192.0.2.1");
  EXPECT_EQ(node.addresses[1].text(), "2001:db8::1");
  ASSERT_EQ(node.pod_cidrs.size(), 2U);
  EXPECT_EQ(node.pod_cidrs[1].text(), "fd00:1::/64");
  EXPECT_TRUE(node.is_up);
  EXPECT_EQ(node.taints,
            (std::vector<std::string>{"node.kubernetes.io/not-ready", "overlay-system/agent-not-ready"}));
}

TEST(KubeObjects, ANodeIsUpOnlyByOurOwnWord) {
  std::string other = node_json("n1", "u1");
  const std::string ours = R"("status":"False","reason":"OverlayIsUp"}]}})";
  other.replace(other.find(ours), ours.size(), R"("status":"False","reason":"FlannelIsUp"}]}})");
  EXPECT_FALSE(parse_node_page(page_json(other, "1", ""))->nodes.front().is_up);
}

TEST(KubeObjects, RefusesANodeThatHasNoUid) {
  EXPECT_FALSE(parse_node_page(page_json(node_json("n1", ""), "9", "")));
  EXPECT_FALSE(parse_node_page(R"({"items":[]})"));
  EXPECT_FALSE(parse_node_page("<html>"));
}

TEST(KubeObjects, ReadsBase64AndNothingElse) {
  EXPECT_EQ(*from_base64("b3ZlcmxheQ=="), "overlay");
  EXPECT_EQ(*from_base64("b3ZlcmxheTE="), "overlay1");
  EXPECT_EQ(*from_base64(""), "");
  EXPECT_FALSE(from_base64("b3Z"));
  EXPECT_FALSE(from_base64("b3Z*"));
  EXPECT_FALSE(from_base64("===="));
}

TEST(KubeObjects, ReadsSecretsAndTheGenesisObject) {
  const auto secret = parse_secret(R"({"data":{"secret":"YWJj","other":7}})");
  ASSERT_TRUE(secret);
  EXPECT_EQ(*secret, (std::map<std::string, std::string>{{"secret", "abc"}}));
  const auto genesis = parse_genesis(R"({"data":{"cluster":"c1","pools":"10.32.0.0/12","genesis":"00ff"}})");
  ASSERT_TRUE(genesis);
  EXPECT_EQ(genesis->record, (Bytes{'\0', '\xff'}));
  EXPECT_FALSE(parse_genesis(R"({"data":{"cluster":"c1"}})"));
}

TEST(KubeObjects, ARefusalIsToldInTheServersWordsWithTheCure) {
  const Request request{.target = "/api/v1/nodes?limit=32"};
  const Error error =
      explain(request, {403, R"({"kind":"Status","message":"nodes is forbidden","code":403})"});
  EXPECT_EQ(error.code, Errc::refused);
  EXPECT_EQ(error.text,
            "the Kubernetes API server answered GET /api/v1/nodes with 403: nodes is forbidden; apply the "
            "ClusterRole and Roles of manifests/overlay.yaml");
  EXPECT_LT(explain(request, {502, std::string(100000, 'x')}).text.size(), 500U);
}

// ---- lines ----

TEST(KubeLines, AreCutWhereverTheBytesWere) {
  Lines lines(16);
  EXPECT_TRUE(lines.add("{\"a\":")->empty());
  EXPECT_EQ(*lines.add("1}\n{}\n\n{"), (std::vector<std::string>{"{\"a\":1}", "{}"}));
  EXPECT_EQ(*lines.add("}\n"), (std::vector<std::string>{"{}"}));
}

TEST(KubeLines, OneThatIsTooLongEndsTheWatch) {
  Lines lines(16);
  EXPECT_EQ(lines.add(std::string(17, 'x')).error().code, Errc::exhausted);
  Lines others(16);
  EXPECT_FALSE(others.add(std::string(17, 'x') + "\n"));
}

// ---- list and watch ----

TEST(NodeWatch, ListsAllPagesAndThenWatchesFromThere) {
  NodeWatch watch;
  EXPECT_EQ(watch.list().target, "/api/v1/nodes?limit=32");
  ASSERT_TRUE(watch.listed({200, page_json(node_json("n1", "u1"), "9", "a+b")}));
  EXPECT_FALSE(watch.is_complete());
  EXPECT_EQ(watch.list().target, "/api/v1/nodes?limit=32&continue=a%2bb");
  ASSERT_TRUE(watch.listed({200, page_json(node_json("n2", "u2"), "9", "")}));
  EXPECT_TRUE(watch.is_complete());
  EXPECT_EQ(watch.nodes().size(), 2U);
  EXPECT_EQ(watch.watch(300s).target,
            "/api/v1/nodes?watch=true&allowWatchBookmarks=true&resourceVersion=9&timeoutSeconds=300");
}

TEST(NodeWatch, FollowsChangesAndGoesOnFromTheLast) {
  NodeWatch watch("n1");
  ASSERT_TRUE(watch.listed({200, page_json(node_json("n1", "u1"), "9", "")}));
  EXPECT_EQ(*watch.heard(event_json("MODIFIED", node_json("n1", "u1", "10"))), false)
      << "nothing that matters";
  EXPECT_EQ(*watch.heard(event_json("ADDED", node_json("n2", "u2", "11"))), true);
  EXPECT_EQ(*watch.heard(event_json("DELETED", node_json("n1", "u1", "12"))), true);
  EXPECT_EQ(*watch.heard(event_json("BOOKMARK", R"({"metadata":{"resourceVersion":"40"}})")), false);
  EXPECT_EQ(watch.nodes().begin()->first, "n2");
  EXPECT_NE(watch.watch(300s).target.find("resourceVersion=40&"), std::string::npos);
  EXPECT_NE(watch.watch(300s).target.find("fieldSelector=metadata.name%3Dn1"), std::string::npos);
}

TEST(NodeWatch, ListsAgainWhenItsVersionIsTooOldAndKeepsTheOldListMeanwhile) {
  NodeWatch watch;
  ASSERT_TRUE(watch.listed({200, page_json(node_json("n1", "u1"), "9", "")}));
  EXPECT_FALSE(watch.heard(event_json("ERROR", R"({"kind":"Status","code":410,"message":"too old"})")));
  EXPECT_TRUE(watch.wants_list());
  ASSERT_TRUE(watch.listed({200, page_json(node_json("n2", "u2"), "20", "more")}));
  EXPECT_EQ(watch.nodes().begin()->first, "n1");
  ASSERT_TRUE(watch.listed({200, page_json("", "20", "")}));
  EXPECT_EQ(watch.nodes().begin()->first, "n2");
  EXPECT_EQ(watch.nodes().size(), 1U);
}

TEST(NodeWatch, BeginsTheListAnewWhenItsPagesAreTooOld) {
  NodeWatch watch;
  ASSERT_TRUE(watch.listed({200, page_json(node_json("n1", "u1"), "9", "more")}));
  EXPECT_FALSE(watch.listed({410, R"({"message":"the continue token is too old"})"}));
  EXPECT_EQ(watch.list().target, "/api/v1/nodes?limit=32");
  EXPECT_FALSE(watch.listed({500, "{}"}));
  ASSERT_TRUE(watch.listed({200, page_json(node_json("n2", "u2"), "20", "")}));
  EXPECT_EQ(watch.nodes().size(), 1U) << "n1 is of the list that was given up";
}

TEST(NodeWatch, DoesNotBelieveNonsense) {
  NodeWatch watch;
  ASSERT_TRUE(watch.listed({200, page_json(node_json("n1", "u1"), "9", "")}));
  EXPECT_FALSE(watch.heard("{}"));
  EXPECT_FALSE(watch.heard(event_json("MODIFIED", "7")));
  EXPECT_FALSE(watch.heard(event_json("SURPRISE", node_json("n1", "u1"))));
  EXPECT_FALSE(watch.heard(event_json("ERROR", R"({"code":500,"message":"etcd"})")));
  EXPECT_EQ(watch.nodes().size(), 1U);
  EXPECT_FALSE(watch.wants_list());
}

}  // namespace
}  // namespace overlay::kube
