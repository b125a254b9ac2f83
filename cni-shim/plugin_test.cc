// SPDX-License-Identifier: Apache-2.0
// The real plugin, run as a runtime runs it, against a real kernel: a host and its pods in network
// namespaces, a fake overlayd on the socket. Each case checks what the runtime is told and what the kernel
// then holds.
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <fstream>
#include <sstream>

#include "cni-shim/plugin_fixture.h"
#include "cni-shim/result.h"

namespace overlay::cni {
namespace {

namespace json = boost::json;
using Mood = FakeDaemon::Mood;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// ---- ADD ----

TEST_F(PluginTest, add_answers_in_every_version_of_the_specification) {
  for (const SpecVersion version : all_spec_versions) {
    const Namespace pod;
    const Call call{.command = "ADD",
                    .netns = pod.path(),
                    .version = std::string(text(version)),
                    .container = "v" + std::to_string(static_cast<int>(version))};
    const Ran ran = run(call);
    ASSERT_TRUE(ran.ok()) << ran.out;
    const json::object result = ran.json();
    EXPECT_EQ(result.at("cniVersion").as_string(), text(version));
    const auto attached = parse_result(result);
    ASSERT_TRUE(attached) << attached.error().msg;
    ASSERT_EQ(attached->interfaces.size(), 2U);
    EXPECT_EQ(attached->interfaces[0].name, host_interface(attachment(call)));
    EXPECT_EQ(attached->interfaces[0].mac, overlay::text(host_link(attached->interfaces[0].name)->mac));
    EXPECT_EQ(attached->interfaces[1].name, "eth0");
    EXPECT_EQ(attached->interfaces[1].sandbox, pod.path());
    EXPECT_EQ(attached->interfaces[1].mac, overlay::text(pod_link(pod)->mac));
    ASSERT_EQ(attached->addresses.size(), 2U);
    EXPECT_TRUE(Prefix::parse("10.32.1.0/24")->contains(attached->addresses[0].prefix));
    EXPECT_EQ(attached->addresses[0].gateway, gateway(Family::v4));
    EXPECT_EQ(attached->addresses[1].interface, 1U);
    ASSERT_EQ(attached->routes.size(), 2U);
    EXPECT_EQ(attached->routes[1].destination.text(), "::/0");
  }
  EXPECT_EQ(daemon_->leases(), all_spec_versions.size());
}

TEST_F(PluginTest, add_makes_an_isolated_port_and_an_interface_that_is_up) {
  const Namespace pod;
  const Call call{.command = "ADD", .netns = pod.path()};
  ASSERT_TRUE(run(call).ok());
  const auto port = host_link(host_interface(attachment(call)));
  ASSERT_TRUE(port);
  EXPECT_TRUE(port->up);
  EXPECT_EQ(port->master, host_link("overlay0")->index);
  EXPECT_TRUE(pod_link(pod)->up);
  EXPECT_TRUE(pod_link(pod, "lo")->up);
  kernel::Message question(RTM_GETLINK, 0, ifinfomsg{});
  question.string(IFLA_IFNAME, host_interface(attachment(call)));
  const auto attributes = host().get(question).value();
  const auto slave = attributes.attributes<ifinfomsg>().nested(IFLA_LINKINFO).nested(IFLA_INFO_SLAVE_DATA);
  EXPECT_EQ(slave.u8(IFLA_BRPORT_ISOLATED), 1);
  EXPECT_EQ(slave.u8(IFLA_BRPORT_LEARNING), 0);
  EXPECT_EQ(slave.u8(IFLA_BRPORT_UNICAST_FLOOD), 0);
  EXPECT_EQ(attributes.attributes<ifinfomsg>().u32(IFLA_MTU), FakeDaemon::mtu);
}

TEST_F(PluginTest, add_takes_the_smaller_of_its_own_and_the_daemons_mtu) {
  for (const auto& [configured, expected] : {std::pair{1300U, 1300U}, std::pair{9000U, FakeDaemon::mtu}}) {
    const Namespace pod;
    const Ran ran = run({.command = "ADD",
                         .netns = pod.path(),
                         .version = "1.1.0",
                         .container = "m" + std::to_string(configured),
                         .more = {{"mtu", configured}}});
    ASSERT_TRUE(ran.ok()) << ran.out;
    EXPECT_EQ(parse_result(ran.json())->interfaces[1].mtu, expected);
  }
}

TEST_F(PluginTest, second_add_is_refused_and_leaves_the_first_whole) {
  const Namespace pod;
  const Call call{.command = "ADD", .netns = pod.path()};
  ASSERT_TRUE(run(call).ok());
  const Ran again = run(call);
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_EQ(again.code(), 104);
  EXPECT_NE(again.msg().find("eth0 exists in " + pod.path()), std::string::npos) << again.msg();
  EXPECT_TRUE(daemon_->has_lease(attachment(call)));
  EXPECT_TRUE(host_link(host_interface(attachment(call))));
  EXPECT_TRUE(pod_link(pod));
}

TEST_F(PluginTest, add_of_a_second_interface_routes_only_the_pools_through_it) {
  const Namespace pod;
  ASSERT_TRUE(run({.command = "ADD", .netns = pod.path()}).ok());
  const Ran second = run({.command = "ADD", .netns = pod.path(), .interface = "net1"});
  ASSERT_TRUE(second.ok()) << second.out;
  const auto attached = parse_result(second.json());
  ASSERT_EQ(attached->routes.size(), 2U);
  EXPECT_EQ(attached->routes[0].destination.text(), "10.32.0.0/12");
  EXPECT_EQ(attached->routes[1].destination.text(), "fd00:32::/48");
}

TEST_F(PluginTest, add_gives_ipv4_alone_where_the_pod_has_ipv6_switched_off) {
  const Namespace pod;
  pod.sysctl("ipv6/conf/default/disable_ipv6", "1");
  const Ran ran = run({.command = "ADD", .netns = pod.path()});
  ASSERT_TRUE(ran.ok()) << ran.out;
  const auto attached = parse_result(ran.json());
  ASSERT_EQ(attached->addresses.size(), 1U);
  EXPECT_TRUE(attached->addresses[0].prefix.address().is_v4());
  EXPECT_EQ(attached->routes.size(), 1U);
}

TEST_F(PluginTest, add_passes_on_what_earlier_plugins_of_the_chain_made) {
  const Namespace pod;
  const json::object earlier{{"cniVersion", "1.0.0"},
                             {"interfaces", json::array{json::object{{"name", "tap0"}}}}};
  const Ran ran = run({.command = "ADD", .netns = pod.path(), .more = {{"prevResult", earlier}}});
  ASSERT_TRUE(ran.ok()) << ran.out;
  const auto attached = parse_result(ran.json());
  ASSERT_EQ(attached->interfaces.size(), 3U);
  EXPECT_EQ(attached->interfaces[0].name, "tap0");
  EXPECT_EQ(attached->addresses[0].interface, 2U);
}

TEST_F(PluginTest, add_replaces_what_a_lost_attachment_of_the_same_key_left) {
  const Namespace lost;
  ASSERT_TRUE(run({.command = "ADD", .netns = lost.path()}).ok());
  const Namespace pod;
  const Ran ran = run({.command = "ADD", .netns = pod.path()});
  ASSERT_TRUE(ran.ok()) << ran.out;
  EXPECT_FALSE(pod_link(lost));
  EXPECT_TRUE(pod_link(pod));
}

// ---- ADD that fails ----

TEST_F(PluginTest, failing_add_without_a_bridge_undoes_everything) {
  remove_bridge();
  const Namespace pod;
  const Call call{.command = "ADD", .netns = pod.path()};
  const Ran ran = run(call);
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.code(), 11);
  EXPECT_NE(ran.msg().find("bridge overlay0 does not exist"), std::string::npos) << ran.msg();
  EXPECT_EQ(daemon_->leases(), 0U);
  EXPECT_FALSE(host_link(host_interface(attachment(call))));
  EXPECT_FALSE(pod_link(pod));
}

/// A route that stands in the way of ours.
void route_to_loopback(const Namespace& pod, const char* destination) {
  kernel::Socket inside = pod.open_socket();
  ifinfomsg up{};
  up.ifi_index = 1;
  up.ifi_flags = up.ifi_change = IFF_UP;
  ASSERT_TRUE(inside.request(kernel::Message(RTM_NEWLINK, 0, up)));
  const Prefix prefix = *Prefix::parse(destination);
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = static_cast<std::uint8_t>(prefix.length());
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_scope = RT_SCOPE_LINK;
  header.rtm_type = RTN_UNICAST;
  kernel::Message route(RTM_NEWROUTE, NLM_F_CREATE, header);
  if (prefix.length() > 0) route.ip(RTA_DST, prefix.address());
  ASSERT_TRUE(inside.request(route.u32(RTA_OIF, 1)));
}

TEST_F(PluginTest, failing_add_inside_the_pod_undoes_everything) {
  const Namespace pod;
  for (const char* taken : {"0.0.0.0/0", "10.32.0.0/12"}) route_to_loopback(pod, taken);
  const Call call{.command = "ADD", .netns = pod.path()};
  const Ran ran = run(call);
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.code(), 104);
  EXPECT_NE(ran.msg().find("cannot add a route to 10.32.0.0/12"), std::string::npos) << ran.msg();
  EXPECT_EQ(daemon_->leases(), 0U);
  EXPECT_FALSE(host_link(host_interface(attachment(call))));
  EXPECT_FALSE(pod_link(pod));
}

TEST_F(PluginTest, add_gives_back_what_a_lost_answer_may_have_leased) {
  daemon_->set(Mood::hangs_up);
  const Namespace pod;
  const Call call{.command = "ADD", .netns = pod.path()};
  const Ran ran = run(call);
  EXPECT_EQ(ran.code(), 11);
  EXPECT_EQ(daemon_->leases(), 0U);
  EXPECT_TRUE(std::filesystem::exists(queue_file(attachment(call)))) << "the answer to the DEL was lost too";
}

TEST_F(PluginTest, add_without_a_daemon_says_to_try_again_and_leaves_no_note) {
  daemon_.reset();
  const Namespace pod;
  const Call call{.command = "ADD", .netns = pod.path()};
  const Ran ran = run(call);
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.code(), 11);
  EXPECT_NE(ran.msg().find("overlayd is not running or not ready"), std::string::npos) << ran.msg();
  EXPECT_NE(ran.msg().find(socket()), std::string::npos) << ran.msg();
  EXPECT_FALSE(std::filesystem::exists(queue_file(attachment(call))));
}

TEST_F(PluginTest, add_passes_on_why_the_daemon_refuses) {
  const Namespace pod;
  daemon_->set(Mood::waits);
  EXPECT_EQ(run({.command = "ADD", .netns = pod.path()}).code(), 11);
  daemon_->set(Mood::is_full);
  const Ran full = run({.command = "ADD", .netns = pod.path()});
  EXPECT_EQ(full.code(), 101);
  EXPECT_EQ(full.msg(), "no address is left in 10.32.0.0/12");
}

// ---- DEL ----

TEST_F(PluginTest, del_removes_interface_and_lease_and_may_be_repeated) {
  const Namespace pod;
  ASSERT_TRUE(run({.command = "ADD", .netns = pod.path()}).ok());
  for (int i = 0; i < 2; ++i) {
    const Ran ran = run({.command = "DEL", .netns = pod.path()});
    EXPECT_TRUE(ran.ok()) << ran.out;
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(daemon_->leases(), 0U);
    EXPECT_FALSE(pod_link(pod));
  }
}

TEST_F(PluginTest, del_works_without_a_namespace_or_with_one_that_is_gone) {
  const Call call{.command = "DEL"};
  for (const std::string netns : {"", "/proc/0/fd/0"}) {
    const Namespace pod;
    ASSERT_TRUE(run({.command = "ADD", .netns = pod.path()}).ok());
    const Ran ran = run({.command = "DEL", .netns = netns});
    EXPECT_TRUE(ran.ok()) << ran.out;
    EXPECT_EQ(daemon_->leases(), 0U);
    EXPECT_FALSE(host_link(host_interface(attachment(call))));
  }
}

TEST_F(PluginTest, del_of_something_unknown_succeeds) {
  const Ran ran = run({.command = "DEL", .container = "never-seen"});
  EXPECT_TRUE(ran.ok()) << ran.out;
}

TEST_F(PluginTest, del_without_a_daemon_removes_the_interface_and_notes_the_lease) {
  const Namespace pod;
  const Call call{.command = "DEL", .netns = pod.path()};
  ASSERT_TRUE(run({.command = "ADD", .netns = pod.path()}).ok());
  daemon_.reset();
  const Ran ran = run(call);
  EXPECT_TRUE(ran.ok()) << ran.out;
  EXPECT_FALSE(pod_link(pod));
  EXPECT_EQ(content_of(queue_file(attachment(call))),
            "{\"network\":\"overlay\",\"container\":\"c1\",\"interface\":\"eth0\"}\n");
}

TEST_F(PluginTest, note_of_a_deletion_goes_when_the_attachment_lives_again_or_is_freed) {
  const Namespace pod;
  const Call call{.command = "ADD", .netns = pod.path()};
  daemon_->set(Mood::waits);
  ASSERT_TRUE(run({.command = "DEL"}).ok());
  ASSERT_TRUE(std::filesystem::exists(queue_file(attachment(call))));
  daemon_->set(Mood::serves);
  ASSERT_TRUE(run(call).ok());
  EXPECT_FALSE(std::filesystem::exists(queue_file(attachment(call))));
  daemon_->set(Mood::waits);
  ASSERT_TRUE(run({.command = "DEL"}).ok());
  daemon_->set(Mood::serves);
  ASSERT_TRUE(run({.command = "DEL"}).ok());
  EXPECT_FALSE(std::filesystem::exists(queue_file(attachment(call))));
  EXPECT_EQ(daemon_->leases(), 0U);
}

// ---- STATUS and VERSION ----

TEST_F(PluginTest, status_is_silent_when_ready_and_50_with_the_reason_when_not) {
  const Call call{.command = "STATUS", .version = "1.1.0"};
  const Ran ready = run(call);
  EXPECT_TRUE(ready.ok()) << ready.out;
  EXPECT_EQ(ready.out, "");
  daemon_->set(Mood::waits);
  EXPECT_EQ(run(call).code(), 50);
  EXPECT_EQ(run(call).msg(), "overlayd is not ready: it waits for an address block");
  daemon_->set(Mood::is_silent);
  EXPECT_EQ(run(call).code(), 50) << "after its deadline of one second";
  daemon_.reset();
  EXPECT_EQ(run(call).code(), 50);
}

TEST_F(PluginTest, status_is_51_when_running_containers_have_lost_their_network) {
  const Call call{.command = "STATUS", .version = "1.1.0"};
  remove_bridge();
  EXPECT_EQ(run(call).code(), 51);
  EXPECT_EQ(run(call).msg(), "the bridge overlay0 is missing, and overlayd has not repaired it yet");
  daemon_->set(Mood::waits);
  EXPECT_EQ(run(call).code(), 50)
      << "before the node is first ready there is no bridge, and nobody to miss it";
  daemon_.reset();
  EXPECT_EQ(run(call).code(), 51);
}

TEST_F(PluginTest, version_lists_what_is_supported) {
  const Ran ran = run({.command = "VERSION", .version = "0.4.0"});
  ASSERT_TRUE(ran.ok());
  EXPECT_EQ(ran.json().at("cniVersion").as_string(), "0.4.0");
  EXPECT_EQ(ran.json().at("supportedVersions").as_array().size(), all_spec_versions.size());
}

// ---- bad input ----

TEST_F(PluginTest, bad_input_gets_the_code_of_the_specification_and_changes_nothing) {
  const Namespace pod;
  const std::string good = pod.path();
  const std::vector<std::tuple<std::string, Call, int>> cases{
      {"not JSON", {.command = "ADD", .netns = good, .input = "{"}, 6},
      {"no input", {.command = "ADD", .netns = good, .input = ""}, 6},
      {"unknown version", {.command = "ADD", .netns = good, .version = "2.0.0"}, 1},
      {"bad name", {.command = "ADD", .netns = good, .more = {{"name", "a b"}}}, 7},
      {"bad mtu", {.command = "ADD", .netns = good, .more = {{"mtu", 1}}}, 7},
      {"CHECK before it was in the specification",
       {.command = "CHECK", .netns = good, .version = "0.3.1"},
       1},
      {"GC before it was in the specification", {.command = "GC", .version = "1.0.0"}, 1},
      {"STATUS before it was in the specification", {.command = "STATUS", .version = "1.0.0"}, 1},
      {"GC without a list", {.command = "GC", .version = "1.1.0"}, 7},
      {"an address that is none",
       {.command = "ADD", .netns = good, .more = {{"runtimeConfig", {{"ips", {"ten"}}}}}},
       7},
      {"no namespace", {.command = "ADD"}, 4},
      {"missing namespace", {.command = "ADD", .netns = "/run/netns/there-is-none"}, 4},
      {"no network namespace", {.command = "ADD", .netns = "/dev/null"}, 4},
      {"another kind of namespace", {.command = "ADD", .netns = "/proc/self/ns/mnt"}, 4},
      {"the host's namespace", {.command = "ADD", .netns = "/proc/self/ns/net"}, 4},
      {"bad container id", {.command = "ADD", .netns = good, .container = "a/b"}, 4},
      {"bad interface name", {.command = "ADD", .netns = good, .interface = "a/b"}, 4},
      {"unknown command", {.command = "FROB", .netns = good}, 4},
      {"prevResult of another shape",
       {.command = "CHECK", .netns = good, .more = {{"prevResult", {{"ips", 1}}}}},
       7},
      {"socket path too long",
       {.command = "ADD", .netns = good, .more = {{"socket", "/" + std::string(107, 's')}}},
       100},
  };
  for (const auto& [what, call, code] : cases) {
    const Ran ran = run(call);
    EXPECT_EQ(ran.exit_code, 1) << what;
    EXPECT_EQ(ran.code(), code) << what << ": " << ran.out;
    EXPECT_FALSE(ran.msg().empty()) << what;
  }
  EXPECT_EQ(daemon_->leases(), 0U);
  EXPECT_FALSE(pod_link(pod));
}

}  // namespace
}  // namespace overlay::cni
