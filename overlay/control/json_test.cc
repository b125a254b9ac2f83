// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/json.h"

#include <gmock/gmock.h>

#include "overlay/v1/control.pb.h"

namespace overlay::control {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Json, PrintsDefaultsUnderTheSchemasOwnNames) {
  v1::CollectRequest request;
  request.set_network("overlay");
  EXPECT_EQ(to_json(request), R"({"network":"overlay","valid":[]})");
  EXPECT_THAT(to_json(v1::Status::Ipam()), R"({"blocks":0,"addresses":0,"capacity":0})");
}

TEST(Json, KeepsCountsUpTo2To53AsWholeNumbers) {
  v1::Status::Ipam ipam;
  ipam.set_capacity(9007199254740991.0);
  ipam.set_addresses(255);
  EXPECT_EQ(to_json(ipam), R"({"blocks":0,"addresses":255,"capacity":9007199254740991})");
}

TEST(Json, PrintsTimesAsRfc3339) {
  v1::Alarm alarm;
  alarm.mutable_since()->set_seconds(1'767'225'600);
  alarm.mutable_since()->set_nanos(5'000'000);
  EXPECT_THAT(to_json(alarm), HasSubstr(R"("since":"2026-01-01T00:00:00.005Z")"));
}

TEST(Json, PrintsTextThatIsNotUtf8) {
  v1::Failure failure;
  failure.set_text("\xff\xfe \x01 \"");
  const auto json = to_json(failure);
  EXPECT_THAT(json, StartsWith(R"({"code":"","text":")"));
  EXPECT_TRUE(from_json<v1::Failure>(json)) << json;
}

TEST(Json, ReadsBackWhatItPrints) {
  v1::Ipam ipam;
  auto& block = *ipam.add_blocks();
  block.set_prefix("10.32.1.0/24");
  block.mutable_epoch()->set_seq(7);
  block.set_capacity(255);
  EXPECT_EQ(from_json<v1::Ipam>(to_json(ipam))->SerializeAsString(), ipam.SerializeAsString());
}

TEST(Json, SkipsFieldsItDoesNotKnow) {
  const auto read = from_json<v1::LeaseRequest>(R"({"network":"n","later":{"deep":[1,2]},"container":"c"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->network(), "n");
  EXPECT_EQ(read->container(), "c");
}

TEST(Json, RefusesWhatIsNoJsonOfTheMessage) {
  for (const auto* text :
       {"", "x", "[]", "{", R"({"network":{}})", R"({"network":["a"]})", R"({"network":"a"}x)"}) {
    const auto read = from_json<v1::LeaseRequest>(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Errc::invalid);
    EXPECT_THAT(read.error().text, StartsWith("not the JSON of a LeaseRequest: ")) << text;
  }
}

}  // namespace
}  // namespace overlay::control
