// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/ports.h"

#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <map>
#include <set>
#include <tuple>

#include "overlay/kernel/bridge_port.h"

namespace overlay::kernel {
namespace {

struct HostEnd {
  int index = 0;
  bool isolated = false;  // and a port of our bridge
};

Result<std::map<std::string, HostEnd, std::less<>>> host_ends(Socket& socket, int bridge) {
  Message question(RTM_GETLINK, 0, ifinfomsg{});
  question.u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  OVERLAY_TRY(const auto replies, socket.dump(question));
  std::map<std::string, HostEnd, std::less<>> out;
  for (const Reply& reply : replies) {
    const auto header = reply.header<ifinfomsg>();
    if (!header) continue;
    const Attributes attributes = reply.attributes<ifinfomsg>();
    const bool ours = bridge != 0 && attributes.u32(IFLA_MASTER) == static_cast<std::uint32_t>(bridge);
    const Attributes slave = attributes.nested(IFLA_LINKINFO).nested(IFLA_INFO_SLAVE_DATA);
    out[attributes.string(IFLA_IFNAME).value_or("")] = {
        .index = header->ifi_index, .isolated = ours && slave.u8(IFLA_BRPORT_ISOLATED) == 1};
  }
  return out;
}

/// The MACs the bridge knows for ever, each at its port.
Result<std::set<std::tuple<int, Mac>>> static_entries(Socket& socket, int bridge) {
  std::set<std::tuple<int, Mac>> out;
  if (bridge == 0) return out;
  ndmsg header{};
  header.ndm_family = AF_BRIDGE;
  Message question(RTM_GETNEIGH, 0, header);
  question.u32(NDA_MASTER, static_cast<std::uint32_t>(bridge));
  OVERLAY_TRY(const auto replies, socket.dump(question));
  for (const Reply& reply : replies) {
    const auto entry = reply.header<ndmsg>();
    const auto mac = reply.attributes<ndmsg>().mac(NDA_LLADDR);
    if (entry && mac && (entry->ndm_state & (NUD_NOARP | NUD_PERMANENT)))
      out.emplace(entry->ndm_ifindex, *mac);
  }
  return out;
}

}  // namespace

Result<std::vector<plan::Port>> observe_ports(Socket& socket, int bridge,
                                              const std::vector<plan::Port>& wanted) {
  if (wanted.empty()) return wanted;
  OVERLAY_TRY(const auto ends, host_ends(socket, bridge));
  OVERLAY_TRY(const auto entries, static_entries(socket, bridge));
  std::vector<plan::Port> out = wanted;
  for (plan::Port& port : out) {
    const auto end = ends.find(port.name);
    if (end == ends.end()) continue;
    port.attached = end->second.isolated && entries.contains({end->second.index, port.mac});
  }
  return out;
}

Status attach(Socket& socket, const plan::Port& port, int bridge) {
  Message question(RTM_GETLINK, 0, ifinfomsg{});
  question.string(IFLA_IFNAME, port.name);
  OVERLAY_TRY(const Reply found, socket.get(question));
  ifinfomsg header{};
  header.ifi_index = found.header<ifinfomsg>().value_or(ifinfomsg{}).ifi_index;
  Message enslave(RTM_NEWLINK, 0, header);
  enslave.u32(IFLA_MASTER, static_cast<std::uint32_t>(bridge));
  OVERLAY_CHECK(socket.request(enslave));
  OVERLAY_CHECK(socket.request(isolate_port(port.name)));
  return socket.request(static_entry(header.ifi_index, port.mac));
}

}  // namespace overlay::kernel
