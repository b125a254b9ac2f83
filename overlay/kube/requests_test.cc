// SPDX-License-Identifier: Apache-2.0
// Goal: requests say what the API server's documents ask for.
#include "overlay/kube/requests.h"

#include <gtest/gtest.h>

#include "overlay/kube/json.h"

namespace overlay::kube {
namespace {

using namespace std::chrono_literals;

const WallTime noon{std::chrono::milliseconds(1767355445678)};  // 2026-01-02T12:04:05.678Z

std::string at(const Request& request, std::string_view pointer) {
  return text_at(parse_json(request.body).value(), pointer);
}

TEST(KubeRequests, TimesAreTheApis) {
  EXPECT_EQ(api_time(noon), "2026-01-02T12:04:05Z");
  EXPECT_EQ(api_micro_time(noon), "2026-01-02T12:04:05.678000Z");
}

TEST(KubeRequests, TheConditionIsMergedAmongTheOthers) {
  const Request request = set_up("n1", noon);
  EXPECT_EQ(request.method, "PATCH");
  EXPECT_EQ(request.target, "/api/v1/nodes/n1/status");
  EXPECT_EQ(request.content_type, "application/strategic-merge-patch+json");
  EXPECT_EQ(at(request, "/status/conditions/0/type"), "NetworkUnavailable");
  EXPECT_EQ(at(request, "/status/conditions/0/status"), "False");
  EXPECT_EQ(at(request, "/status/conditions/0/reason"), "OverlayIsUp");
}

TEST(KubeRequests, ATaintIsRemovedOnlyWhereItStillIs) {
  const Request request = remove_taint("n1", 2, "overlay-system/agent-not-ready");
  EXPECT_EQ(request.body,
            R"([{"op":"test","path":"/spec/taints/2/key","value":"overlay-system/agent-not-ready"},)"
            R"({"op":"remove","path":"/spec/taints/2"}])");
  EXPECT_EQ(request.content_type, "application/json-patch+json");
}

TEST(KubeRequests, ObjectsAreMadeUnderOurNamesInOurNamespace) {
  const Request secret = make_secret("space", "overlay-abc");
  EXPECT_EQ(secret.target, "/api/v1/namespaces/space/secrets");
  EXPECT_EQ(at(secret, "/metadata/name"), "overlay");
  EXPECT_EQ(at(secret, "/stringData/secret"), "overlay-abc");
  const Request genesis = make_genesis("space", {Bytes{'\x01', '\xab'}, "c1", "10.32.0.0/12"});
  EXPECT_EQ(at(genesis, "/data/genesis"), "01ab");
  EXPECT_TRUE(find(parse_json(genesis.body).value(), "/immutable")->as_bool());
  EXPECT_EQ(get_genesis("space").target, "/api/v1/namespaces/space/configmaps/overlay-genesis");
}

TEST(KubeRequests, ALeaseIsReplacedOnlyAsItWasRead) {
  const Lease lease{.holder = "n1", .renewed = "t1", .acquired = "t0", .transitions = 3, .version = "42"};
  const Request request = replace_lease("space", lease, 60s);
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(at(request, "/metadata/resourceVersion"), "42");
  EXPECT_EQ(at(request, "/spec/holderIdentity"), "n1");
  EXPECT_EQ(number_at(parse_json(request.body).value(), "/spec/leaseDurationSeconds"), 60);
  EXPECT_EQ(at(make_lease("space", Lease(), 60s), "/metadata/resourceVersion"), "");
}

TEST(KubeRequests, TheServiceProbeMakesNothing) {
  EXPECT_TRUE(probe_service_range("space", Ip::parse("192.0.2.1").value()).target.ends_with("?dryRun=All"));
}

TEST(KubeRequests, EventsAreWhereKubectlDescribeLooksForThem) {
  const Request request = make_event("n1", {"OverlayIsUp", "text", true}, noon);
  EXPECT_EQ(request.target, "/api/v1/namespaces/default/events");
  EXPECT_EQ(at(request, "/involvedObject/uid"), "n1");
  EXPECT_EQ(at(request, "/type"), "Warning");
}

}  // namespace
}  // namespace overlay::kube
