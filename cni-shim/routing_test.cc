// SPDX-License-Identifier: Apache-2.0
// Two pods of one host: their ports are isolated, so they reach each other through the host's routing, here
// set up as overlayd does it; the first datagram arrives, for nothing has to be resolved before it.
#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "cni-shim/plugin_fixture.h"
#include "cni-shim/result.h"

namespace overlay::cni {
namespace {

constexpr std::uint16_t port = 7777;
constexpr timeval patience{.tv_sec = 5, .tv_usec = 0};

sockaddr_storage socket_address(const Ip& address) {
  sockaddr_storage out{};
  if (address.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(out);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), 4);
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
  }
  return out;
}

/// A UDP socket bound to `address` inside `pod`.
FileDescriptor bound_socket(const Namespace& pod, const Ip& address) {
  FileDescriptor out;
  pod.enter([&] {
    out = FileDescriptor(::socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_storage at = socket_address(address);
    EXPECT_EQ(::bind(out.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0) << errno;
    EXPECT_EQ(::setsockopt(out.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  });
  return out;
}

class RoutingTest : public PluginTest {
 protected:
  struct Pod {
    Namespace netns;
    std::vector<Ip> addresses;
    Mac mac;
  };

  void SetUp() override {
    PluginTest::SetUp();
    if (IsSkipped()) return;
    host_->sysctl("ipv4/ip_forward", "1");
    host_->sysctl("ipv6/conf/all/forwarding", "1");
    host_->sysctl("ipv4/conf/overlay0/send_redirects", "0");
    for (const char* block : {"10.32.1.0/24", "fd00:32::/64"}) route_to_bridge(*Prefix::parse(block));
  }

  std::unique_ptr<Pod> add_pod(const std::string& container) {
    auto pod = std::make_unique<Pod>();
    const Ran ran = run({.command = "ADD", .netns = pod->netns.path(), .container = container});
    EXPECT_TRUE(ran.ok()) << ran.out;
    const auto attached = parse_result(ran.json());
    pod->mac = *parse_mac(attached->interfaces.at(1).mac);
    for (const auto& address : attached->addresses) {
      pod->addresses.push_back(address.prefix.address());
      neighbour(address.prefix.address(), pod->mac);
    }
    return pod;
  }

  static void expect_datagram(const Pod& from, const Pod& to, std::size_t family) {
    const FileDescriptor sender = bound_socket(from.netns, from.addresses[family]);
    const FileDescriptor receiver = bound_socket(to.netns, to.addresses[family]);
    const sockaddr_storage target = socket_address(to.addresses[family]);
    ASSERT_EQ(
        ::sendto(sender.get(), "hello", 5, 0, reinterpret_cast<const sockaddr*>(&target), sizeof target), 5)
        << errno;
    std::array<char, 16> got{};
    EXPECT_EQ(::recv(receiver.get(), got.data(), got.size(), 0), 5)
        << "no datagram came from " << from.addresses[family].text();
  }

 private:
  void route_to_bridge(const Prefix& block) {
    rtmsg header{};
    header.rtm_family = block.family() == Family::v4 ? AF_INET : AF_INET6;
    header.rtm_dst_len = static_cast<std::uint8_t>(block.length());
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_scope = RT_SCOPE_LINK;
    header.rtm_type = RTN_UNICAST;
    kernel::Message route(RTM_NEWROUTE, NLM_F_CREATE, header);
    route.ip(RTA_DST, block.address()).u32(RTA_OIF, host_link("overlay0")->index);
    const Status added = host().request(route);
    ASSERT_TRUE(added) << added.error().text;
  }

  void neighbour(const Ip& address, const Mac& mac) {
    ndmsg header{};
    header.ndm_family = address.is_v4() ? AF_INET : AF_INET6;
    header.ndm_ifindex = static_cast<int>(host_link("overlay0")->index);
    header.ndm_state = NUD_PERMANENT;
    kernel::Message entry(RTM_NEWNEIGH, NLM_F_CREATE, header);
    entry.ip(NDA_DST, address).mac(NDA_LLADDR, mac);
    const Status added = host().request(entry);
    ASSERT_TRUE(added) << added.error().text;
  }
};

TEST_F(RoutingTest, first_datagram_between_two_pods_of_a_host_arrives) {
  const auto a = add_pod("a");
  const auto b = add_pod("b");
  for (const std::size_t family : {0U, 1U}) {
    expect_datagram(*a, *b, family);
    expect_datagram(*b, *a, family);
  }
}

TEST_F(RoutingTest, pods_do_not_reach_each_other_past_the_hosts_routing) {
  const auto a = add_pod("a");
  const auto b = add_pod("b");
  host_->sysctl("ipv4/ip_forward", "0");
  // a sends to b's MAC itself, as a neighbour on one segment would.
  kernel::Socket inside = a->netns.open_socket();
  const int link = static_cast<int>(pod_link(a->netns)->index);
  ndmsg header{};
  header.ndm_family = AF_INET;
  header.ndm_ifindex = link;
  header.ndm_state = NUD_PERMANENT;
  kernel::Message entry(RTM_NEWNEIGH, NLM_F_CREATE, header);
  ASSERT_TRUE(inside.request(entry.ip(NDA_DST, b->addresses[0]).mac(NDA_LLADDR, b->mac)));
  rtmsg route{};
  route.rtm_family = AF_INET;
  route.rtm_dst_len = 32;
  route.rtm_table = RT_TABLE_MAIN;
  route.rtm_scope = RT_SCOPE_LINK;
  route.rtm_type = RTN_UNICAST;
  kernel::Message direct(RTM_NEWROUTE, NLM_F_CREATE, route);
  ASSERT_TRUE(
      inside.request(direct.ip(RTA_DST, b->addresses[0]).u32(RTA_OIF, static_cast<std::uint32_t>(link))));

  const FileDescriptor sender = bound_socket(a->netns, a->addresses[0]);
  const FileDescriptor receiver = bound_socket(b->netns, b->addresses[0]);
  const sockaddr_storage target = socket_address(b->addresses[0]);
  ASSERT_EQ(::sendto(sender.get(), "hello", 5, 0, reinterpret_cast<const sockaddr*>(&target), sizeof target),
            5);
  // Sending on a veth delivers, or drops, before sendto returns or right after in this CPU's softirq.
  constexpr timeval brief{.tv_sec = 0, .tv_usec = 200'000};
  ASSERT_EQ(::setsockopt(receiver.get(), SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief), 0);
  std::array<char, 16> got{};
  EXPECT_EQ(::recv(receiver.get(), got.data(), got.size(), 0), -1) << "the bridge carried it past the host";
}

}  // namespace
}  // namespace overlay::cni
