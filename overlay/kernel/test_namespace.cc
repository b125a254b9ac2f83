// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/test_namespace.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include "overlay/addr/prefix.h"
#include "overlay/kernel/host.h"

namespace overlay::kernel {
namespace {

constexpr int create = NLM_F_CREATE | NLM_F_EXCL;

std::uint8_t address_family(const Ip& ip) { return ip.is_v4() ? AF_INET : AF_INET6; }

void request(const Message& message) {
  auto socket = Socket::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket) << socket.error().text;
  const Status status = socket->request(message);
  ASSERT_TRUE(status) << status.error().text;
}

Message change(const std::string& device, unsigned int flags = 0, unsigned int mask = 0) {
  ifinfomsg header{};
  header.ifi_flags = flags;
  header.ifi_change = mask;
  Message message(RTM_NEWLINK, 0, header);
  message.string(IFLA_IFNAME, device);
  return message;
}

Message route(std::uint16_t type, int flags, const std::string& device, const Prefix& destination,
              std::optional<Ip> gateway) {
  rtmsg header{};
  header.rtm_family = address_family(destination.address());
  header.rtm_dst_len = static_cast<std::uint8_t>(destination.length());
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  header.rtm_type = RTN_UNICAST;
  header.rtm_flags = gateway ? RTNH_F_ONLINK : 0;
  Message message(type, flags, header);
  message.ip(RTA_DST, destination.address()).u32(RTA_OIF, static_cast<std::uint32_t>(index_of(device)));
  if (gateway) message.ip(RTA_GATEWAY, *gateway);
  return message;
}

}  // namespace

void connect(const NetworkNamespace& a, const std::string& a_name, const NetworkNamespace& b,
             const std::string& b_name) {
  a.run([&] {
    Message message(RTM_NEWLINK, create, ifinfomsg{});
    message.string(IFLA_IFNAME, a_name)
        .begin(IFLA_LINKINFO)
        .string(IFLA_INFO_KIND, "veth")
        .begin(IFLA_INFO_DATA);
    message.begin(VETH_INFO_PEER).raw(ifinfomsg{}).string(IFLA_IFNAME, b_name);
    message.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(b.fd())).end().end().end();
    request(message);
    set_up(a_name);
  });
  b.run([&] { set_up(b_name); });
}

int index_of(const std::string& device) { return static_cast<int>(::if_nametoindex(device.c_str())); }

void make_bridge(const std::string& device) {
  Message message(RTM_NEWLINK, create, ifinfomsg{});
  message.string(IFLA_IFNAME, device).begin(IFLA_LINKINFO).string(IFLA_INFO_KIND, "bridge").end();
  request(message);
  set_up(device);
}

void make_vxlan(const std::string& device, std::uint32_t vni, std::uint16_t port) {
  Message message(RTM_NEWLINK, create, ifinfomsg{});
  message.string(IFLA_IFNAME, device)
      .begin(IFLA_LINKINFO)
      .string(IFLA_INFO_KIND, "vxlan")
      .begin(IFLA_INFO_DATA);
  request(message.u32(IFLA_VXLAN_ID, vni).be16(IFLA_VXLAN_PORT, port).end().end());
  set_up(device);
}

void remove_device(const std::string& device) {
  ifinfomsg header{};
  header.ifi_index = index_of(device);
  request(Message(RTM_DELLINK, 0, header));
}

void set_up(const std::string& device, bool up) { request(change(device, up ? IFF_UP : 0, IFF_UP)); }

void set_mac(const std::string& device, const Mac& mac) {
  Message message = change(device);
  request(message.mac(IFLA_ADDRESS, mac));
}

void set_mtu(const std::string& device, std::uint32_t mtu) {
  Message message = change(device);
  request(message.u32(IFLA_MTU, mtu));
}

void rename_device(const std::string& device, const std::string& to) {
  set_up(device, false);  // Linux before 6.2 renames only what is down
  ifinfomsg header{};
  header.ifi_index = index_of(device);
  Message message(RTM_NEWLINK, 0, header);
  request(message.string(IFLA_IFNAME, to));
  set_up(to);
}

void set_alias(const std::string& device, const std::string& alias) {
  Message message = change(device);
  request(message.bytes(IFLA_IFALIAS, alias));
}

void set_master(const std::string& device, const std::string& bridge) {
  Message message = change(device);
  request(message.u32(IFLA_MASTER, bridge.empty() ? 0 : static_cast<std::uint32_t>(index_of(bridge))));
}

void add_address(const std::string& device, const Ip& ip, int length) {
  ifaddrmsg header{};
  header.ifa_family = address_family(ip);
  header.ifa_prefixlen = static_cast<std::uint8_t>(length);
  header.ifa_index = static_cast<std::uint32_t>(index_of(device));
  Message message(RTM_NEWADDR, create, header);
  request(message.ip(IFA_LOCAL, ip).ip(IFA_ADDRESS, ip).u32(IFA_FLAGS, ip.is_v4() ? 0 : IFA_F_NODAD));
}

void add_neighbour(const std::string& device, const Ip& ip, const Mac& mac) {
  ndmsg header{};
  header.ndm_family = address_family(ip);
  header.ndm_ifindex = index_of(device);
  header.ndm_state = NUD_PERMANENT;
  Message message(RTM_NEWNEIGH, create, header);
  request(message.ip(NDA_DST, ip).mac(NDA_LLADDR, mac));
}

void add_route(const std::string& device, const Prefix& destination, std::optional<Ip> gateway) {
  request(route(RTM_NEWROUTE, create, device, destination, gateway));
}

void replace_route(const std::string& device, const Prefix& destination) {
  request(route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, device, destination, std::nullopt));
}

void remove_route(const std::string& device, const Prefix& destination) {
  request(route(RTM_DELROUTE, 0, device, destination, std::nullopt));
}

std::uint64_t received_packets(const std::string& device) {
  auto socket = Socket::open(NETLINK_ROUTE);
  return received_packets(*socket, device).value();
}

}  // namespace overlay::kernel
