// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/netconf.h"

#include <gtest/gtest.h>

namespace overlay::cni {
namespace {

TEST(NetConf, has_our_defaults) {
  const auto conf = parse_netconf(R"({"cniVersion":"1.0.0","name":"overlay","type":"overlay"})");
  ASSERT_TRUE(conf) << conf.error().msg;
  EXPECT_EQ(conf->name, "overlay");
  EXPECT_EQ(conf->socket, "/run/overlay/overlayd.sock");
  EXPECT_EQ(conf->bridge, "overlay0");
  EXPECT_EQ(conf->mtu, 0U);
  EXPECT_TRUE(conf->masquerade);
  EXPECT_FALSE(*prev_result(*conf));
}

TEST(NetConf, takes_every_key_of_ours_and_skips_the_rest) {
  const auto conf = parse_netconf(R"({"cniVersion":"0.4.0","name":"n1","type":"overlay","socket":"/tmp/s",
    "bridge":"br7","mtu":1400,"hairpinMode":true,"ipMasq":false,"runtimeConfig":{"portMappings":[]},
    "dns":{},"prevResult":{"ips":[]},"somethingNew":[1,2]})");
  ASSERT_TRUE(conf) << conf.error().msg;
  EXPECT_EQ(conf->version, SpecVersion::v0_4_0);
  EXPECT_EQ(conf->socket, "/tmp/s");
  EXPECT_EQ(conf->bridge, "br7");
  EXPECT_EQ(conf->mtu, 1400U);
  EXPECT_FALSE(conf->masquerade);
  EXPECT_TRUE(*prev_result(*conf));
}

TEST(NetConf, speaks_every_version_and_no_other) {
  for (const SpecVersion version : all_spec_versions) {
    const auto conf = parse_netconf(R"({"name":"n","cniVersion":")" + std::string(text(version)) + R"("})");
    ASSERT_TRUE(conf) << conf.error().msg;
    EXPECT_EQ(conf->version, version);
  }
  for (const char* version : {R"("0.2.0")", R"("2.0.0")", R"("")", R"("1.0")"}) {
    const auto conf = parse_netconf(std::string(R"({"name":"n","cniVersion":)") + version + "}");
    ASSERT_FALSE(conf) << version;
    EXPECT_EQ(conf.error().code, Code::incompatible_version);
  }
  // libcni takes a configuration without a version as 0.1.0.
  const auto none = parse_netconf(R"({"name":"n"})");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::incompatible_version);
}

TEST(NetConf, refuses_what_is_not_a_json_object) {
  for (const char* input : {"", "{", "not JSON", "[]", "1", "null", R"({"a":1} {"b":2})", "\xff\xfe"}) {
    const auto conf = parse_netconf(input);
    ASSERT_FALSE(conf) << input;
    EXPECT_EQ(conf.error().code, Code::undecodable) << input;
  }
}

TEST(NetConf, names_the_key_that_is_wrong) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"name", R"("name":"")"},        {"name", R"("name":"a b")"},
      {"name", R"("name":7)"},         {"name", R"("x":1)"},
      {"socket", R"("socket":"rel")"}, {"bridge", R"("bridge":"")"},
      {"bridge", R"("bridge":"a/b")"}, {"mtu", R"("mtu":"1500")"},
      {"mtu", R"("mtu":-1)"},          {"mtu", R"("mtu":100)"},
      {"mtu", R"("mtu":65536)"},       {"mtu", R"("mtu":1e3)"},
      {"ipMasq", R"("ipMasq":"no")"},  {"hairpinMode", R"("hairpinMode":0)"}};
  for (const auto& [key, text] : cases) {
    const std::string name = key == "name" ? "" : R"("name":"n",)";
    const auto conf = parse_netconf(R"({"cniVersion":"1.0.0",)" + name + text + "}");
    ASSERT_FALSE(conf) << text;
    EXPECT_EQ(conf.error().code, Code::bad_config) << text;
    EXPECT_NE(conf.error().msg.find('"' + key + '"'), std::string::npos) << conf.error().msg;
  }
}

NetConf with(const std::string& text) {
  const auto conf = parse_netconf(R"({"cniVersion":"1.1.0","name":"n",)" + text + "}");
  EXPECT_TRUE(conf) << text;
  return conf ? *conf : NetConf();
}

TEST(NetConf, tells_a_previous_result_from_what_is_none) {
  EXPECT_TRUE(*prev_result(with(R"("prevResult":{})")));
  EXPECT_FALSE(*prev_result(with(R"("prevResult":null)")));
  EXPECT_EQ(prev_result(with(R"("prevResult":1)")).error().code, Code::bad_config);
}

TEST(NetConf, lists_the_attachments_that_gc_leaves_alone) {
  const std::set<Attachment> one{{"n", "c1", "eth0"}};
  const std::string list = R"([{"containerID":"c1","ifname":"eth0"}])";
  EXPECT_EQ(*valid_attachments(with(R"("cni.dev/valid-attachments":)" + list)), one);
  EXPECT_EQ(*valid_attachments(with(R"("cni.dev/attachments":)" + list)), one) << "as older libcni says it";
  EXPECT_TRUE(valid_attachments(with(R"("cni.dev/valid-attachments":[])"))->empty());
  EXPECT_TRUE(valid_attachments(with(R"("cni.dev/valid-attachments":null)"))->empty()) << "Go's empty list";
  for (const char* bad :
       {R"("x":1)", R"("cni.dev/valid-attachments":{})", R"("cni.dev/valid-attachments":[7])",
        R"("cni.dev/valid-attachments":[{"containerID":"c1"}])",
        R"("cni.dev/valid-attachments":[{"containerID":"../c","ifname":"eth0"}])"}) {
    const auto valid = valid_attachments(with(bad));
    ASSERT_FALSE(valid) << bad;
    EXPECT_EQ(valid.error().code, Code::bad_config) << bad;
  }
}

TEST(NetConf, refuses_commands_that_its_version_does_not_have) {
  const std::vector<std::tuple<Command, std::string, bool>> cases{
      {Command::add, "0.3.0", true},     {Command::del, "0.3.0", true},   {Command::check, "0.3.1", false},
      {Command::check, "0.4.0", true},   {Command::gc, "1.0.0", false},   {Command::gc, "1.1.0", true},
      {Command::status, "1.0.0", false}, {Command::status, "1.1.0", true}};
  for (const auto& [command, version, fine] : cases) {
    const auto conf = parse_netconf(R"({"name":"n","cniVersion":")" + version + R"("})");
    const auto checked = check_version_has(command, *conf);
    EXPECT_EQ(checked.has_value(), fine) << name(command) << " " << version;
    EXPECT_TRUE(fine || checked.error().code == Code::incompatible_version);
  }
}

TEST(NetConf, answers_errors_in_the_version_it_was_asked_in) {
  EXPECT_EQ(answer_version(R"({"cniVersion":"0.3.1","name":""})"), "0.3.1");
  EXPECT_EQ(answer_version(R"({"cniVersion":"9.9.9"})"), "9.9.9");
  EXPECT_EQ(answer_version("garbage"), "1.1.0");
}

TEST(Version, lists_what_is_spoken) {
  constexpr const char* supported = R"("supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]})";
  EXPECT_EQ(*version_answer(R"({"cniVersion":"0.4.0"})"),
            std::string(R"({"cniVersion":"0.4.0",)") + supported);
  EXPECT_EQ(*version_answer(""), std::string(R"({"cniVersion":"1.1.0",)") + supported);
  ASSERT_FALSE(version_answer("{"));
  EXPECT_EQ(version_answer("{").error().code, Code::undecodable);
}

}  // namespace
}  // namespace overlay::cni
