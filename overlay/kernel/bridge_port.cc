// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/bridge_port.h"

#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "overlay/plan/objects.h"

namespace overlay::kernel {

Message isolate_port(const std::string& host_interface) {
  Message out(RTM_NEWLINK, 0, ifinfomsg{});
  out.string(IFLA_IFNAME, host_interface);
  out.begin(IFLA_LINKINFO).string(IFLA_INFO_SLAVE_KIND, "bridge").begin(IFLA_INFO_SLAVE_DATA);
  out.u8(IFLA_BRPORT_ISOLATED, 1).u8(IFLA_BRPORT_LEARNING, 0).u8(IFLA_BRPORT_UNICAST_FLOOD, 0);
  out.end().end();
  return out;
}

int port_index(const std::string& host_interface) {
  return static_cast<int>(::if_nametoindex(host_interface.c_str()));
}

Status remove_port(Socket& socket, int index) {
  ifinfomsg header{};
  header.ifi_index = index;
  const Status removed = socket.request(Message(RTM_DELLINK, 0, header));
  if (removed || removed.error().code == Errc::not_found) return {};
  return with_context("cannot remove interface " + std::to_string(index), removed.error());
}

Message static_entry(int port, const Mac& mac) {
  ndmsg header{};
  header.ndm_family = AF_BRIDGE;
  header.ndm_ifindex = port;
  header.ndm_state = NUD_NOARP;
  header.ndm_flags = NTF_MASTER;
  Message out(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, header);
  out.mac(NDA_LLADDR, mac);
  return out;
}

Message permanent_neighbour(int device, const Ip& address, const Mac& mac) {
  ndmsg header{};
  header.ndm_family = address.is_v4() ? AF_INET : AF_INET6;
  header.ndm_ifindex = device;
  header.ndm_state = NUD_PERMANENT;
  Message out(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, header);
  out.ip(NDA_DST, address).mac(NDA_LLADDR, mac).u8(NDA_PROTOCOL, plan::route_protocol);
  return out;
}

}  // namespace overlay::kernel
