// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/conflist.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cni-shim/netconf.h"

namespace overlay::cni {
namespace {

namespace json = boost::json;

std::vector<std::string> plugin_types(const std::string& text) {
  std::vector<std::string> out;
  const json::value list = json::parse(text);
  for (const auto& plugin : list.at("plugins").as_array()) {
    out.emplace_back(std::string_view(plugin.at("type").as_string()));
  }
  return out;
}

TEST(Conflist, chains_the_companions_that_are_installed) {
  using Types = std::vector<std::string>;
  EXPECT_EQ(plugin_types(conflist({}, default_socket)), (Types{"overlay"}));
  EXPECT_EQ(plugin_types(conflist({.portmap = true}, default_socket)), (Types{"overlay", "portmap"}));
  EXPECT_EQ(plugin_types(conflist({.bandwidth = true}, default_socket)), (Types{"overlay", "bandwidth"}));
  EXPECT_EQ(plugin_types(conflist({true, true}, default_socket)), (Types{"overlay", "portmap", "bandwidth"}));
}

TEST(Conflist, declares_what_the_companions_can_do) {
  const auto plugins = json::parse(conflist({true, true}, default_socket)).at("plugins").as_array();
  EXPECT_TRUE(plugins[1].at("capabilities").at("portMappings").as_bool());
  EXPECT_TRUE(plugins[1].at("snat").as_bool());
  EXPECT_TRUE(plugins[2].at("capabilities").at("bandwidth").as_bool());
}

TEST(Conflist, offers_every_version_and_names_the_network) {
  const auto list = json::parse(conflist({}, default_socket));
  EXPECT_EQ(list.at("name").as_string(), "overlay");
  EXPECT_EQ(list.at("cniVersion").as_string(), "1.0.0");
  EXPECT_EQ(json::serialize(list.at("cniVersions")), R"(["0.3.1","0.4.0","1.0.0","1.1.0"])");
}

TEST(Conflist, says_the_socket_only_where_it_is_not_the_default) {
  EXPECT_EQ(conflist({}, default_socket).find("socket"), std::string::npos);
  const auto list = json::parse(conflist({}, "/run/it's \"mine\"/s"));
  EXPECT_EQ(list.at("plugins").as_array()[0].at("socket").as_string(), "/run/it's \"mine\"/s");
}

TEST(Conflist, gives_the_plugin_a_configuration_it_accepts) {
  auto plugin = json::parse(conflist({}, "/tmp/s")).at("plugins").as_array()[0].as_object();
  plugin["cniVersion"] = "1.0.0";  // as libcni does before it runs a plugin of a list
  plugin["name"] = "overlay";
  const auto conf = parse_netconf(json::serialize(plugin));
  ASSERT_TRUE(conf) << conf.error().msg;
  EXPECT_EQ(conf->socket, "/tmp/s");
}

}  // namespace
}  // namespace overlay::cni
