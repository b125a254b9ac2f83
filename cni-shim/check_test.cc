// SPDX-License-Identifier: Apache-2.0
// CHECK of the real plugin: silent when all is there, and one damage after the other found.
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "cni-shim/plugin_fixture.h"

namespace overlay::cni {
namespace {

namespace json = boost::json;

class CheckTest : public PluginTest {
 protected:
  void SetUp() override {
    PluginTest::SetUp();
    if (IsSkipped()) return;
    pod_.emplace();
    const Ran added = run({.command = "ADD", .netns = pod_->path()});
    ASSERT_TRUE(added.ok()) << added.out;
    result_ = added.json();
    port_ = host_interface(attachment({.command = "ADD"}));
  }
  Ran check() const {
    return run({.command = "CHECK", .netns = pod_->path(), .more = {{"prevResult", result_}}});
  }
  void expect_complaint(const std::string& complaint) const {
    const Ran ran = check();
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_EQ(ran.code(), 105) << ran.out;
    EXPECT_NE(ran.msg().find(complaint), std::string::npos) << ran.msg();
  }
  void send(kernel::Socket& socket, const kernel::Message& message) const {
    const Status sent = socket.request(message);
    ASSERT_TRUE(sent) << sent.error().text;
  }
  /// The header of a message about an existing link.
  static ifinfomsg about(const Link& link) {
    ifinfomsg out{};
    out.ifi_index = static_cast<int>(link.index);
    return out;
  }

  std::optional<Namespace> pod_;
  json::object result_;
  std::string port_;
};

TEST_F(CheckTest, passes_when_all_is_there) {
  const Ran ran = check();
  EXPECT_TRUE(ran.ok()) << ran.out;
  EXPECT_EQ(ran.out, "");
}

TEST_F(CheckTest, passes_when_another_plugin_added_something) {
  result_["interfaces"].as_array().push_back(json::object{{"name", "tap0"}, {"mac", "02:00:00:00:00:99"}});
  result_["ips"].as_array().push_back(json::object{{"address", "192.0.2.7/24"}});
  result_["routes"].as_array().push_back(json::object{{"dst", "192.0.2.0/24"}, {"gw", "192.0.2.1"}});
  const Ran ran = check();
  EXPECT_TRUE(ran.ok()) << ran.out;
}

TEST_F(CheckTest, wants_a_prev_result) {
  EXPECT_EQ(run({.command = "CHECK", .netns = pod_->path()}).code(), 7);
}

TEST_F(CheckTest, finds_a_missing_lease) {
  daemon_->forget(attachment({.command = "CHECK"}));
  expect_complaint("nothing is leased");
}

TEST_F(CheckTest, says_that_the_container_is_unknown_when_nothing_of_it_is_left) {
  ASSERT_TRUE(run({.command = "DEL"}).ok());
  EXPECT_EQ(check().code(), 3);
}

TEST_F(CheckTest, finds_a_lease_of_another_address) {
  result_["ips"].as_array()[0].as_object()["address"] = "10.32.1.99/32";
  expect_complaint("overlayd leases 10.32.1.1, which prevResult lacks");
}

TEST_F(CheckTest, finds_a_missing_interface) {
  const Status removed = remove_link(host(), port_);
  ASSERT_TRUE(removed);
  expect_complaint("the container's interface eth0 is missing");
  expect_complaint("the host's interface " + port_ + " is missing");
}

TEST_F(CheckTest, finds_a_port_that_left_the_bridge) {
  kernel::Message leave(RTM_NEWLINK, 0, about(*host_link(port_)));
  leave.u32(IFLA_MASTER, 0);
  send(host(), leave);
  expect_complaint(port_ + " is no port of the bridge overlay0");
}

TEST_F(CheckTest, finds_an_interface_that_is_down_and_without_routes) {
  kernel::Socket inside = pod_->open_socket();
  ifinfomsg down = about(*pod_link(*pod_));
  down.ifi_change = IFF_UP;
  send(inside, kernel::Message(RTM_NEWLINK, 0, down));
  expect_complaint("eth0 is down");
  expect_complaint("eth0 lacks the route to 0.0.0.0/0");
}

TEST_F(CheckTest, finds_a_missing_address) {
  kernel::Socket inside = pod_->open_socket();
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = 32;
  header.ifa_index = pod_link(*pod_)->index;
  kernel::Message remove(RTM_DELADDR, 0, header);
  remove.ip(IFA_LOCAL, *Ip::parse("10.32.1.1"));
  send(inside, remove);
  expect_complaint("eth0 lacks the address 10.32.1.1");
}

TEST_F(CheckTest, finds_a_missing_route) {
  kernel::Socket inside = pod_->open_socket();
  rtmsg header{};
  header.rtm_family = AF_INET6;
  header.rtm_table = RT_TABLE_MAIN;
  kernel::Message remove(RTM_DELROUTE, 0, header);
  remove.u32(RTA_OIF, pod_link(*pod_)->index).ip(RTA_GATEWAY, gateway(Family::v6));
  send(inside, remove);
  expect_complaint("eth0 lacks the route to ::/0");
}

TEST_F(CheckTest, finds_another_mac_address) {
  kernel::Socket inside = pod_->open_socket();
  kernel::Message change(RTM_NEWLINK, 0, about(*pod_link(*pod_)));
  change.mac(IFLA_ADDRESS, *parse_mac("02:00:00:00:00:77"));
  send(inside, change);
  expect_complaint("eth0 has the MAC address 02:00:00:00:00:77");
}

TEST_F(CheckTest, needs_the_daemon) {
  daemon_.reset();
  EXPECT_EQ(check().code(), 11);
}

}  // namespace
}  // namespace overlay::cni
