// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/devices.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "overlay/kernel/offload.h"
#include "overlay/kernel/wireguard.h"

namespace overlay::kernel {
namespace {

bool is_kind_of(plan::Device device, std::string_view kind) {
  switch (device) {
    case plan::Device::bridge:
      return kind == "bridge";
    case plan::Device::vxlan:
      return kind == "vxlan";
    case plan::Device::wireguard:
      return kind == wireguard_kind || kind == tun_kind;
  }
  return false;
}

void read_vxlan(const Attributes& data, plan::Link& out) {
  out.vni = data.u32(IFLA_VXLAN_ID).value_or(0);
  out.port = data.be16(IFLA_VXLAN_PORT).value_or(0);
  if (const auto local = data.ip(IFLA_VXLAN_LOCAL)) out.local = *local;
  if (const auto local = data.ip(IFLA_VXLAN_LOCAL6)) out.local = *local;
}

FoundLink read_link(const Reply& reply, plan::Device device) {
  const ifinfomsg header = reply.header<ifinfomsg>().value_or(ifinfomsg{});
  const Attributes attributes = reply.attributes<ifinfomsg>();
  const Attributes info = attributes.nested(IFLA_LINKINFO);
  FoundLink out{.index = header.ifi_index, .kind = info.string(IFLA_INFO_KIND).value_or(""), .link = {}};
  out.link.device = device;
  out.link.mac = attributes.mac(IFLA_ADDRESS).value_or(Mac{});
  out.link.mtu = attributes.u32(IFLA_MTU).value_or(0);
  out.link.alias = attributes.string(IFLA_IFALIAS).value_or("");
  out.link.up = (header.ifi_flags & IFF_UP) != 0;
  if (out.kind != "vxlan") return out;
  read_vxlan(info.nested(IFLA_INFO_DATA), out.link);
  const auto offload = checksum_offload(attributes.string(IFLA_IFNAME).value_or(""));
  out.link.checksum_offload = !offload || *offload;  // where nobody can tell, nobody can change it
  return out;
}

}  // namespace

std::optional<plan::Device> Indices::at(int index) const {
  for (const plan::Device device : plan::devices) {
    if (index != 0 && of(device) == index) return device;
  }
  return std::nullopt;
}

namespace {

/// The one with our alias, whatever its name is now.
Result<std::optional<FoundLink>> find_renamed(Socket& socket, plan::Device device) {
  OVERLAY_TRY(const auto replies, socket.dump(Message(RTM_GETLINK, 0, ifinfomsg{})));
  for (const Reply& reply : replies) {
    FoundLink out = read_link(reply, device);
    if (!is_ours(out)) continue;
    out.link.renamed = reply.attributes<ifinfomsg>().string(IFLA_IFNAME).value_or("");
    return out;
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<FoundLink>> find_link(Socket& socket, plan::Device device) {
  Message message(RTM_GETLINK, 0, ifinfomsg{});
  message.string(IFLA_IFNAME, name(device)).u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  const auto reply = socket.get(message);
  if (!reply && reply.error().code == Errc::not_found) return find_renamed(socket, device);
  if (!reply) return with_context("cannot look for " + std::string(name(device)), reply.error());
  return read_link(*reply, device);
}

bool is_ours(const FoundLink& found) {
  return is_kind_of(found.link.device, found.kind) && plan::cluster_of_alias(found.link.alias);
}

Status claim(const FoundLink& found, const plan::Link& wanted) {
  const bool unmarked = found.link.alias.empty() && found.link.mac == wanted.mac;
  const bool right_kind = is_kind_of(wanted.device, found.kind);
  if (right_kind && (found.link.alias == wanted.alias || unmarked)) return {};
  const std::string device(name(wanted.device));
  if (is_ours(found)) {
    return fail(Errc::conflict, "device " + device + " belongs to cluster " +
                                    plan::cluster_of_alias(found.link.alias)->hex() + " and this node to " +
                                    plan::cluster_of_alias(wanted.alias)->hex() +
                                    "; run `overlayctl teardown` first");
  }
  return fail(Errc::conflict, "a " + (found.kind.empty() ? "device" : found.kind + " device") + " named " +
                                  device + " is there and not ours; rename or remove it");
}

}  // namespace overlay::kernel
