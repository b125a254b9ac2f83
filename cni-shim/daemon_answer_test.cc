// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/daemon_answer.h"

#include <gtest/gtest.h>

namespace overlay::cni {
namespace {

constexpr const char* whole = R"({"addresses":["10.32.1.7","fd00:32::7"],"mac":"0a:58:0a:20:01:07",
  "gateway_mac":"02:01:02:03:04:05","mtu":1450,"pools":["10.32.0.0/12","fd00:32::/48"],"new_key":1})";

TEST(Lease, is_read_from_what_overlayd_prints) {
  const auto lease = parse_lease(whole);
  ASSERT_TRUE(lease) << lease.error().text;
  EXPECT_EQ(lease->addresses, (std::vector{*Ip::parse("10.32.1.7"), *Ip::parse("fd00:32::7")}));
  EXPECT_EQ(text(lease->mac), "0a:58:0a:20:01:07");
  EXPECT_EQ(text(lease->gateway_mac), "02:01:02:03:04:05");
  EXPECT_EQ(lease->mtu, 1450U);
  EXPECT_EQ(lease->pools, (std::vector{*Prefix::parse("10.32.0.0/12"), *Prefix::parse("fd00:32::/48")}));
}

TEST(Lease, names_the_field_it_cannot_use) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "addresses"},
      {"[]", "addresses"},
      {R"({"addresses":"10.32.1.7"})", "addresses"},
      {R"({"addresses":["10.32.1"]})", "addresses"},
      {R"({"addresses":["10.32.1.7"],"pools":["10.32.0.1/12"]})", "pools"},
      {R"({"addresses":["10.32.1.7"],"mac":"0a"})", "mac"},
      {R"({"addresses":["10.32.1.7"],"mac":"0a:58:0a:20:01:07","gateway_mac":7})", "gateway_mac"},
      {R"({"addresses":["10.32.1.7"],"mac":"0a:58:0a:20:01:07","gateway_mac":"0a:58:0a:20:01:08"})", "mtu"},
      {R"({"addresses":["10.32.1.7"],"mac":"0a:58:0a:20:01:07","gateway_mac":"0a:58:0a:20:01:08","mtu":-1})",
       "mtu"}};
  for (const auto& [body, field] : cases) {
    const auto lease = parse_lease(body);
    ASSERT_FALSE(lease) << body;
    EXPECT_EQ(lease.error().code, Errc::invalid);
    EXPECT_NE(lease.error().text.find('"' + field + '"'), std::string::npos) << lease.error().text;
  }
}

TEST(Failure, keeps_kind_and_sentence) {
  EXPECT_EQ(parse_failure(503, R"({"code":"unavailable","text":"waits for a block"})"),
            (Error{Errc::unavailable, "waits for a block"}));
  EXPECT_EQ(parse_failure(404, R"({"code":"not found","text":"no lease"})"),
            (Error{Errc::not_found, "no lease"}));
}

TEST(Failure, quotes_a_body_that_is_none) {
  for (const std::string body : {"<html>", "", R"({"code":"curious","text":"x"})", R"({"code":"invalid"})"}) {
    const Error error = parse_failure(502, body);
    EXPECT_EQ(error.code, Errc::invalid);
    EXPECT_EQ(error.text, "overlayd answered HTTP 502: " + body);
  }
}

TEST(Attachments, are_those_of_the_addresses_each_once) {
  const auto attachments = parse_attachments(R"({"addresses":[
    {"address":"10.32.0.1","network":"n","container":"c","interface":"eth0","since":null},
    {"address":"fd00::1","network":"n","container":"c","interface":"eth0"}]})");
  EXPECT_EQ(attachments.value(), (std::set<Attachment>{{"n", "c", "eth0"}}));
  for (const char* body : {"", "{}", R"({"addresses":[1]})"}) EXPECT_FALSE(parse_attachments(body)) << body;
}

TEST(Readiness, tells_what_ails_the_kernel) {
  const auto ill = parse_readiness(R"({"node":{"ready":false,"waiting_for":[]},
    "alarms":[{"name":"disk","text":"full"},{"name":"kernel","text":"permission denied"}]})");
  EXPECT_EQ(ill->kernel_alarm, "permission denied");
}

TEST(Readiness, is_two_fields_of_the_status) {
  const auto waiting =
      parse_readiness(R"({"node":{"ready":false,"waiting_for":["a block","a peer"]},"alarms":[]})");
  ASSERT_TRUE(waiting);
  EXPECT_FALSE(waiting->ready);
  EXPECT_EQ(waiting->waiting_for, (std::vector<std::string>{"a block", "a peer"}));
  EXPECT_TRUE(parse_readiness(R"({"node":{"ready":true,"waiting_for":[]}})")->ready);
  for (const char* body : {"", "{}", R"({"node":[]})", R"({"node":{"ready":"yes"}})"})
    EXPECT_FALSE(parse_readiness(body));
}

}  // namespace
}  // namespace overlay::cni
