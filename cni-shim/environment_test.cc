// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/environment.h"

#include <gtest/gtest.h>

#include <map>

namespace overlay::cni {
namespace {

using Map = std::map<std::string, std::string>;

Outcome<Environment> parse(const Map& set) {
  return parse_environment([&set](const char* variable) -> std::optional<std::string> {
    const auto found = set.find(variable);
    if (found == set.end()) return std::nullopt;
    return found->second;
  });
}

Map complete(const std::string& command) {
  return {{"CNI_COMMAND", command}, {"CNI_CONTAINERID", "0b5e_77.a-b"}, {"CNI_NETNS", "/run/netns/x"},
          {"CNI_IFNAME", "eth0"},   {"CNI_PATH", "/opt/cni/bin"},       {"CNI_ARGS", "IgnoreUnknown=1"}};
}

TEST(Environment, is_taken_for_every_command) {
  for (const Command command :
       {Command::add, Command::del, Command::check, Command::gc, Command::status, Command::version}) {
    const auto environment = parse(complete(std::string(name(command))));
    ASSERT_TRUE(environment) << environment.error().msg;
    EXPECT_EQ(environment->command, command);
  }
  const auto add = parse(complete("ADD"));
  EXPECT_EQ(add->container, "0b5e_77.a-b");
  EXPECT_EQ(add->netns, "/run/netns/x");
  EXPECT_EQ(add->interface, "eth0");
}

TEST(Environment, needs_only_the_command_for_gc_status_and_version) {
  for (const char* command : {"GC", "STATUS", "VERSION"})
    EXPECT_TRUE(parse({{"CNI_COMMAND", command}})) << command;
}

TEST(Environment, needs_no_namespace_for_del) {
  Map variables = complete("DEL");
  variables.erase("CNI_NETNS");
  const auto environment = parse(variables);
  ASSERT_TRUE(environment) << environment.error().msg;
  EXPECT_EQ(environment->netns, "");
}

TEST(Environment, names_everything_that_is_missing_at_once) {
  const auto environment = parse({{"CNI_COMMAND", "ADD"}});
  ASSERT_FALSE(environment);
  EXPECT_EQ(environment.error().code, Code::bad_environment);
  for (const char* variable : {"CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS"}) {
    EXPECT_NE(environment.error().msg.find(variable), std::string::npos) << variable;
  }
}

TEST(Environment, refuses_a_command_it_does_not_know) {
  for (const Map& variables : {Map{}, complete("add"), complete("UPDATE"), complete("")}) {
    const auto environment = parse(variables);
    ASSERT_FALSE(environment);
    EXPECT_EQ(environment.error().code, Code::bad_environment);
    EXPECT_NE(environment.error().msg.find("CNI_COMMAND"), std::string::npos);
  }
}

TEST(Environment, refuses_values_the_specification_forbids) {
  const std::vector<std::pair<std::string, std::string>> cases{{"CNI_CONTAINERID", "-starts-badly"},
                                                               {"CNI_CONTAINERID", "has/slash"},
                                                               {"CNI_CONTAINERID", "has blank"},
                                                               {"CNI_IFNAME", "sixteen-letters-"},
                                                               {"CNI_IFNAME", "a/b"},
                                                               {"CNI_IFNAME", "a:b"},
                                                               {"CNI_IFNAME", "a b"},
                                                               {"CNI_IFNAME", "."},
                                                               {"CNI_IFNAME", ".."},
                                                               {"CNI_IFNAME", "eth%d"},
                                                               {"CNI_NETNS", "relative/path"}};
  for (const auto& [variable, value] : cases) {
    Map variables = complete("ADD");
    variables[variable] = value;
    const auto environment = parse(variables);
    ASSERT_FALSE(environment) << variable << '=' << value;
    EXPECT_EQ(environment.error().code, Code::bad_environment);
    EXPECT_NE(environment.error().msg.find(variable + " is '" + value + "'"), std::string::npos);
  }
}

TEST(Environment, splits_the_arguments_of_an_add) {
  Map variables = complete("ADD");
  variables["CNI_ARGS"] = "IgnoreUnknown=1;IP=10.32.1.9;K8S_POD_NAME=a=b;";
  const auto environment = parse(variables);
  ASSERT_TRUE(environment);
  EXPECT_EQ(environment->arguments.at("IP"), "10.32.1.9");
  EXPECT_EQ(environment->arguments.at("K8S_POD_NAME"), "a=b");
  for (const char* bad : {"IP", "=1", "a=1;b", ";"}) {
    variables["CNI_ARGS"] = bad;
    ASSERT_FALSE(parse(variables)) << bad;
    variables["CNI_COMMAND"] = "DEL";
    EXPECT_TRUE(parse(variables)) << "a DEL must not fail for " << bad;
    variables["CNI_COMMAND"] = "ADD";
  }
}

}  // namespace
}  // namespace overlay::cni
