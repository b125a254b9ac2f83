// SPDX-License-Identifier: Apache-2.0
// Real packets: two hosts on one underlay, a pod on each, everything as the plan says.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <chrono>
#include <optional>

#include "overlay/kernel/kernel.h"
#include "overlay/kernel/test_namespace.h"
#include "overlay/kernel/traffic.h"
#include "overlay/plan/desired.h"
#include "overlay/plan/test_intents.h"

namespace overlay::kernel {
namespace {

using plan::Intent;
using plan::ip;
using plan::prefix;

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds patience{5};

socklen_t fill(sockaddr_storage& out, const Ip& address, std::uint16_t port) {
  out = {};
  if (address.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(out);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), 4);
    return sizeof v4;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
  return sizeof v6;
}

Ip address_in(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET)
    return Ip::v4(ntohl(reinterpret_cast<const sockaddr_in&>(from).sin_addr.s_addr));
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
  return Ip::from_bytes({reinterpret_cast<const char*>(&v6.sin6_addr), 16}).value();
}

/// A UDP socket of one namespace, usable from any thread.
class Udp {
 public:
  Udp(const NetworkNamespace& where, const Ip& address, std::uint16_t port) {
    where.run([&] {
      fd_ = ::socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      sockaddr_storage local;
      const socklen_t size = fill(local, address, port);
      ASSERT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&local), size), 0)
          << address.text() << ": " << strerror(errno);
      const timeval wait{.tv_sec = 0, .tv_usec = 50'000};
      ASSERT_EQ(::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
    });
  }
  ~Udp() { ::close(fd_); }
  Udp(const Udp&) = delete;
  Udp& operator=(const Udp&) = delete;

  /// The network may not be up yet, so a failure to send is a packet lost.
  void send(const Ip& address, std::uint16_t port, std::string_view payload) const {
    sockaddr_storage to;
    const socklen_t size = fill(to, address, port);
    (void)::sendto(fd_, payload.data(), payload.size(), 0, reinterpret_cast<sockaddr*>(&to), size);
  }
  /// Where the next datagram came from; nothing after 50 ms.
  std::optional<Ip> receive() const {
    char buffer[2048];
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    if (::recvfrom(fd_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size) < 0)
      return std::nullopt;
    return address_in(from);
  }

 private:
  int fd_ = -1;
};

/// Sends until the other side has it; where it came from, or nothing when patience ends.
std::optional<Ip> deliver(const Udp& from, const Udp& to, const Ip& address, std::uint16_t port,
                          std::size_t size = 32) {
  const auto deadline = Clock::now() + patience;
  while (Clock::now() < deadline) {
    from.send(address, port, std::string(size, 'x'));
    if (const auto source = to.receive()) return source;
  }
  return std::nullopt;
}

/// A host and one pod on it, both with their own network namespace.
struct Host {
  NetworkNamespace host;
  NetworkNamespace pod;
  Intent intent;
};

/// What the CNI plugin does: a veth into the bridge, /32 and /128 addresses, an onlink gateway that needs no
/// ARP.
void attach_pod(const Host& host) {
  connect(host.host, "pod0", host.pod, "eth0");
  host.host.run([] { set_master("pod0", "overlay0"); });
  host.pod.run([&host] {
    set_mac("eth0", pod_mac(host.intent.pods.front().address));
    for (const plan::Pod& pod : host.intent.pods) {
      const Family family = pod.address.family();
      add_address("eth0", pod.address, pod.address.bits());
      add_neighbour("eth0", plan::pod_gateway(family), bridge_mac(host.intent.node));
      add_route("eth0", prefix(family == Family::v4 ? "0.0.0.0/0" : "::/0"), plan::pod_gateway(family));
    }
  });
}

class TrafficTest : public testing::TestWithParam<Family> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make network namespaces";
    hosts_.emplace();
    connect((*hosts_)[0].host, "up0", (*hosts_)[1].host, "up0");
    for (std::uint32_t i = 0; i < 2; ++i) set_up_host(i);
  }

  /// The same network on an IPv4 or an IPv6 underlay.
  static Ip underlay(std::uint32_t number) {
    return ip(GetParam() == Family::v4 ? "192.0.2.0" : "2001:db8::").plus(number);
  }

  Host& host(std::size_t number) { return (*hosts_)[number - 1]; }

  void reconcile(Host& where) {
    where.host.run([&where] {
      auto kernel = Kernel::open();
      ASSERT_TRUE(kernel) << kernel.error().text;
      const Status status = kernel->reconcile(where.intent);
      ASSERT_TRUE(status) << status.error().text;
    });
  }

 private:
  void set_up_host(std::uint32_t i) {
    Host& it = (*hosts_)[i];
    it.intent = plan::example_intent(i + 1, 2);
    it.intent.mtu = plan::overlay_mtu(1500, GetParam(), false);
    it.intent.underlay.address = underlay(i + 1);
    for (plan::Pod& pod : it.intent.pods) pod.mac = pod_mac(it.intent.pods.front().address);
    for (plan::Peer& peer : it.intent.peers) peer.underlay = underlay(peer.index);
    it.host.run([i] {
      set_up("lo");
      add_address("up0", underlay(i + 1), GetParam() == Family::v4 ? 24 : 64);
    });
    reconcile(it);
    attach_pod(it);
  }

  std::optional<std::array<Host, 2>> hosts_;
};

INSTANTIATE_TEST_SUITE_P(Underlay, TrafficTest, testing::Values(Family::v4, Family::v6),
                         [](const auto& param) { return std::string(name(param.param)); });

TEST_P(TrafficTest, ReachesEveryPodWithItsOwnAddress) {
  for (std::size_t family = 0; family < 2; ++family) {
    const Ip one = host(1).intent.pods[family].address;
    const Ip two = host(2).intent.pods[family].address;
    const Udp at_one(host(1).pod, one, 7000);
    const Udp at_two(host(2).pod, two, 7000);
    EXPECT_EQ(deliver(at_one, at_two, two, 7000), one);
    EXPECT_EQ(deliver(at_two, at_one, one, 7000), two);
  }
}

TEST_P(TrafficTest, ReachesPodsFromHostsByTheHostsOverlayAddress) {
  for (std::size_t family = 0; family < 2; ++family) {
    const Ip pod = host(2).intent.pods[family].address;
    const Ip host_address = host(1).intent.host_addresses[family];
    const Ip any = pod.is_v4() ? Ip::v4(0) : Ip::v6({});
    const Udp from_host(host(1).host, any, 0);
    const Udp to_pod(host(2).pod, pod, 7000);
    EXPECT_EQ(deliver(from_host, to_pod, pod, 7000), host_address);
  }
}

TEST_P(TrafficTest, CarriesFullSizedPackets) {
  const Ip pod = host(2).intent.pods[0].address;
  const Udp from(host(1).pod, host(1).intent.pods[0].address, 7000);
  const Udp to(host(2).pod, pod, 7000);
  EXPECT_TRUE(deliver(from, to, pod, 7000, host(1).intent.mtu - 28));
}

TEST_P(TrafficTest, FollowsAPeerToItsNewUnderlayAddress) {
  const Ip pod = host(2).intent.pods[0].address;
  const Udp from(host(1).pod, host(1).intent.pods[0].address, 7000);
  const Udp to(host(2).pod, pod, 7000);
  ASSERT_TRUE(deliver(from, to, pod, 7000));
  host(2).host.run([] { add_address("up0", underlay(22), GetParam() == Family::v4 ? 24 : 64); });
  host(2).intent.underlay.address = underlay(22);
  host(1).intent.peers[0].underlay = underlay(22);
  reconcile(host(1));
  reconcile(host(2));
  EXPECT_TRUE(deliver(from, to, pod, 7000));
}

TEST_P(TrafficTest, MasqueradesPodsThatLeaveThePoolExceptWhereTold) {
  const Ip pod =
      host(1).intent.pods[GetParam() == Family::v4 ? 0 : 1].address;  // of the family of the world outside
  const Udp from(host(1).pod, pod, 7000);
  const Udp outside(host(2).host, underlay(2), 7000);
  EXPECT_EQ(deliver(from, outside, underlay(2), 7000), underlay(1));

  host(1).intent.no_masquerade = {Prefix::host(underlay(2))};
  reconcile(host(1));
  const Udp another(host(1).pod, pod, 7001);  // a new connection: an old one keeps its translation
  EXPECT_EQ(deliver(another, outside, underlay(2), 7000), pod);
}

std::uint64_t vxlan_packets(const Host& where) {
  std::uint64_t count = 0;
  where.host.run([&count] { count = received_packets("overlay.vx"); });
  return count;
}

TEST_P(TrafficTest, LeavesVxlanOutBetweenNeighboursAndTakesItUpAgain) {
  const std::size_t family = GetParam() == Family::v4 ? 0 : 1;  // the underlay's, which direct routes are of
  const Ip pod = host(2).intent.pods[family].address;
  const Udp from(host(1).pod, host(1).intent.pods[family].address, 7000);
  const Udp to(host(2).pod, pod, 7000);
  ASSERT_TRUE(deliver(from, to, pod, 7000));

  const auto go = [&](bool direct) {
    for (std::size_t number : {1u, 2u}) {
      Host& it = host(number);
      it.host.run([&it] { it.intent.underlay.device = static_cast<std::uint32_t>(index_of("up0")); });
      it.intent.peers[0].way.direct = direct;
      reconcile(it);
    }
  };
  go(true);
  const std::uint64_t before = vxlan_packets(host(2));
  EXPECT_EQ(deliver(from, to, pod, 7000), host(1).intent.pods[family].address);
  EXPECT_EQ(vxlan_packets(host(2)), before);
  // The two ends never change at the same moment.
  host(1).intent.peers[0].way.direct = false;
  reconcile(host(1));
  EXPECT_TRUE(deliver(from, to, pod, 7000))
      << "what comes through VXLAN from a host that is answered without";
  EXPECT_GT(vxlan_packets(host(2)), before);
  EXPECT_TRUE(deliver(to, from, host(1).intent.pods[family].address, 7000)) << "and the other way round";
  go(false);
  EXPECT_TRUE(deliver(from, to, pod, 7000));
}

TEST_P(TrafficTest, MakesPacketsToOnePeerSmaller) {
  host(1).intent.peers[0].way.mtu = 1300;
  reconcile(host(1));
  const Ip pod = host(2).intent.pods[0].address;
  const Udp from(host(1).pod, host(1).intent.pods[0].address, 7000);
  const Udp to(host(2).pod, pod, 7000);
  EXPECT_TRUE(deliver(from, to, pod, 7000, 1300 - 28));
}

TEST_P(TrafficTest, NotesTheBlocksThatPodsSendTo) {
  host(1).intent.watch_traffic = true;
  reconcile(host(1));
  const auto seen = [this] {
    std::vector<Ip> out;
    host(1).host.run([&out] {
      auto socket = Socket::open(NETLINK_NETFILTER);
      ASSERT_TRUE(socket);
      auto found = destinations(*socket);
      ASSERT_TRUE(found) << found.error().text;
      out = *std::move(found);
    });
    return out;
  };
  EXPECT_TRUE(seen().empty());
  std::vector<Ip> blocks;
  for (std::size_t family = 0; family < 2; ++family) {
    const Ip pod = host(2).intent.pods[family].address;
    const Udp from(host(1).pod, host(1).intent.pods[family].address, 7000);
    const Udp to(host(2).pod, pod, 7000);
    ASSERT_TRUE(deliver(from, to, pod, 7000));
    blocks.push_back(host(2).intent.blocks[family].address());
  }
  EXPECT_EQ(seen(), blocks);
}

/// An Ethernet frame for this VTEP, of an experimental protocol, in VXLAN (RFC 7348).
std::string vxlan_packet(std::uint32_t vni, const Mac& to) {
  std::string out = {
      0x08, 0, 0, 0, static_cast<char>(vni >> 16), static_cast<char>(vni >> 8), static_cast<char>(vni), 0};
  out += to.view();
  out += std::string("\x02\x00\x00\x00\x00\x42\x88\xb5", 8);
  return out + std::string(46, '\0');
}

TEST_P(TrafficTest, TakesVxlanFromMembersOnly) {
  Host& target = host(1);
  const Ip stranger = underlay(66);
  host(2).host.run([&] { add_address("up0", stranger, GetParam() == Family::v4 ? 24 : 64); });
  const Udp from_stranger(host(2).host, stranger, 0);
  const Udp from_member(host(2).host, underlay(2), 0);
  const Udp to_stranger(host(1).host, underlay(1), 7000);
  ASSERT_TRUE(deliver(from_stranger, to_stranger, underlay(1), 7000)) << "the stranger does reach the host";

  const std::string packet = vxlan_packet(target.intent.vni, vtep_mac(target.intent.node));
  const auto received = [&target] {
    std::uint64_t count = 0;
    target.host.run([&count] { count = received_packets("overlay.vx"); });
    return count;
  };
  const std::uint64_t before = received();
  for (int i = 0; i < 10; ++i) from_stranger.send(underlay(1), target.intent.vxlan_port, packet);
  from_member.send(underlay(1), target.intent.vxlan_port, packet);
  const auto deadline = Clock::now() + patience;
  while (received() == before && Clock::now() < deadline) std::this_thread::yield();
  // Sent last on the same wire, so by now the stranger's would be here too.
  EXPECT_EQ(received(), before + 1);
}

}  // namespace
}  // namespace overlay::kernel
