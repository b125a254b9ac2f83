// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/result.h"

#include <gtest/gtest.h>

namespace overlay::cni {
namespace {

namespace json = boost::json;

Attached sample() {
  const Ip gateway4 = *Ip::parse("169.254.1.1");
  const Ip gateway6 = *Ip::parse("fe80::1");
  Attached out;
  out.interfaces = {{"veth1", "02:00:00:00:00:01", 1450, ""},
                    {"eth0", "0a:58:0a:20:01:07", 1450, "/run/netns/x"}};
  out.addresses = {{*Prefix::parse("10.32.1.7/32"), gateway4, 1},
                   {*Prefix::parse("fd00::7/128"), gateway6, 1}};
  out.routes = {{*Prefix::parse("0.0.0.0/0"), gateway4}, {*Prefix::parse("::/0"), gateway6}};
  return out;
}

TEST(AttachResult, is_printed_in_every_version_with_just_its_keys) {
  for (const SpecVersion version : all_spec_versions) {
    const json::object object = to_json(sample(), version);
    EXPECT_EQ(object.at("cniVersion").as_string(), text(version));
    const auto& address = object.at("ips").as_array()[0].as_object();
    const auto& interface = object.at("interfaces").as_array()[1].as_object();
    EXPECT_EQ(address.contains("version"), version <= SpecVersion::v0_4_0) << text(version);
    EXPECT_EQ(interface.contains("mtu"), version >= SpecVersion::v1_1_0) << text(version);
    EXPECT_EQ(address.at("address").as_string(), "10.32.1.7/32");
    EXPECT_EQ(address.at("gateway").as_string(), "169.254.1.1");
    EXPECT_EQ(address.at("interface").to_number<int>(), 1);
    EXPECT_EQ(interface.at("sandbox").as_string(), "/run/netns/x");
    EXPECT_FALSE(object.at("interfaces").as_array()[0].as_object().contains("sandbox"));
    EXPECT_EQ(object.at("routes").as_array()[0].at("dst").as_string(), "0.0.0.0/0");
  }
}

TEST(AttachResult, says_the_ip_version_where_that_is_wanted) {
  const auto ips = to_json(sample(), SpecVersion::v0_3_1).at("ips").as_array();
  EXPECT_EQ(ips[0].at("version").as_string(), "4");
  EXPECT_EQ(ips[1].at("version").as_string(), "6");
}

TEST(AttachResult, comes_back_as_prev_result) {
  for (const SpecVersion version : all_spec_versions) {
    const auto parsed = parse_result(to_json(sample(), version));
    ASSERT_TRUE(parsed) << parsed.error().msg;
    Attached expected = sample();
    if (!has_interface_mtu(version)) {
      for (auto& interface : expected.interfaces) interface.mtu = 0;
    }
    EXPECT_EQ(*parsed, expected) << text(version);
  }
}

TEST(AttachResult, skips_what_only_another_plugin_could_have_added) {
  const auto parsed = parse_result(json::parse(R"({"ips":[{"address":"10.1.2.3/24"},{"address":7},
    {"address":"10.32.1.7/32"}],"routes":[{"dst":"10.1.2.3/24"},{"dst":"10.0.0.0/8"}],"dns":{}})")
                                       .as_object());
  ASSERT_TRUE(parsed) << parsed.error().msg;
  ASSERT_EQ(parsed->addresses.size(), 1U);
  EXPECT_EQ(parsed->addresses[0].prefix.text(), "10.32.1.7/32");
  EXPECT_FALSE(parsed->addresses[0].gateway);
  ASSERT_EQ(parsed->routes.size(), 1U);
}

TEST(AttachResult, refuses_another_shape) {
  for (const char* input : {R"({"ips":7})", R"({"interfaces":{}})", R"({"routes":["x"]})"}) {
    const auto parsed = parse_result(json::parse(input).as_object());
    ASSERT_FALSE(parsed) << input;
    EXPECT_EQ(parsed.error().code, Code::bad_config);
  }
}

TEST(Result, goes_behind_what_earlier_plugins_of_the_chain_made) {
  const auto earlier = boost::json::parse(R"({"cniVersion":"1.0.0","interfaces":[{"name":"a"},{"name":"b"}],
      "ips":[{"address":"192.0.2.7/24","interface":1}],"dns":{"nameservers":["192.0.2.1"]}})")
                           .as_object();
  const Attached ours{
      {{"eth0", "02:00:00:00:00:01", 0, "/n"}}, {{*Prefix::parse("10.32.1.1/32"), {}, 0}}, {}};
  const auto both = to_json(ours, SpecVersion::v1_0_0, earlier);
  EXPECT_EQ(both.at("interfaces").as_array().size(), 3U);
  EXPECT_EQ(both.at("ips").as_array()[0].at("address").as_string(), "192.0.2.7/24");
  EXPECT_EQ(both.at("ips").as_array()[1].at("interface").to_number<int>(), 2);
  EXPECT_EQ(both.at("dns").at("nameservers").as_array().size(), 1U);
  EXPECT_EQ(to_json(ours, SpecVersion::v1_0_0, {}), to_json(ours, SpecVersion::v1_0_0));
}

}  // namespace
}  // namespace overlay::cni
