// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/wishes.h"

#include <gtest/gtest.h>

namespace overlay::cni {
namespace {

Outcome<Wishes> wishes(const std::string& keys,
                       const std::map<std::string, std::string, std::less<>>& arguments = {}) {
  const auto conf =
      parse_netconf(R"({"cniVersion":"1.0.0","name":"n")" + (keys.empty() ? "" : "," + keys) + "}");
  EXPECT_TRUE(conf) << keys;
  return wishes_of(Environment{Command::add, "c", "/n", "eth0", arguments}, *conf);
}

TEST(Wishes, are_none_where_nothing_is_said) {
  EXPECT_EQ(*wishes(""), Wishes());
  EXPECT_EQ(*wishes(R"("runtimeConfig":{"ips":null},"args":{"other":{"ips":["10.0.0.1"]}})"), Wishes());
  EXPECT_EQ(*wishes("", {{"K8S_POD_NAME", "p"}, {"IgnoreUnknown", "1"}}), Wishes());
}

TEST(Wishes, are_taken_from_each_way_to_say_them) {
  const Wishes wanted{{*Ip::parse("10.32.1.9")}, *parse_mac("02:00:00:00:00:09"), false, true};
  EXPECT_EQ(*wishes(R"("runtimeConfig":{"ips":["10.32.1.9/24"],"mac":"02:00:00:00:00:09"})"), wanted);
  EXPECT_EQ(*wishes(R"("args":{"cni":{"ips":["10.32.1.9"],"mac":"02:00:00:00:00:09"}})"), wanted);
  EXPECT_EQ(*wishes("", {{"IP", "10.32.1.9"}, {"MAC", "02:00:00:00:00:09"}}), wanted);
  EXPECT_EQ(wishes(R"("runtimeConfig":{"ips":["10.32.1.9","fd00::9/64"]})")->addresses.size(), 2U);
}

TEST(Wishes, follow_the_first_way_that_says_each_thing) {
  const auto all = wishes(R"("runtimeConfig":{"ips":["10.32.1.1"]},
                             "args":{"cni":{"ips":["10.32.1.2"],"mac":"02:00:00:00:00:02"}})",
                          {{"IP", "10.32.1.3"}, {"MAC", "02:00:00:00:00:03"}});
  EXPECT_EQ(all->addresses, std::vector{*Ip::parse("10.32.1.1")});
  EXPECT_EQ(all->mac, *parse_mac("02:00:00:00:00:02"));
}

TEST(Wishes, say_what_cannot_be) {
  for (const char* keys : {R"("runtimeConfig":{"ips":["ten"]})", R"("runtimeConfig":{"ips":"10.0.0.1"})",
                           R"("runtimeConfig":{"ips":[7]})", R"("runtimeConfig":{"mac":7})",
                           R"("runtimeConfig":{"mac":"01:00:5e:00:00:01"})",
                           R"("args":{"cni":{"ips":["10.0.0.1","10.0.0.2"]}})"}) {
    const auto outcome = wishes(keys);
    ASSERT_FALSE(outcome) << keys;
    EXPECT_EQ(outcome.error().code, Code::bad_config) << keys;
  }
  EXPECT_EQ(wishes("", {{"IP", "ten"}}).error().code, Code::bad_environment);
}

}  // namespace
}  // namespace overlay::cni
