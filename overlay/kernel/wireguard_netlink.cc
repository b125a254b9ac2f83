// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/wireguard_netlink.h"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/time_types.h>
#include <linux/wireguard.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace overlay::kernel {
namespace {

constexpr std::size_t prefixes_a_message = 32;  // so that it stays below 2 KiB

Message device_message(std::uint16_t family, std::string_view device, std::uint8_t command, int flags = 0) {
  Message message(family, flags, genlmsghdr{.cmd = command, .version = WG_GENL_VERSION, .reserved = 0});
  message.string(WGDEVICE_A_IFNAME, device);
  return message;
}

void put_endpoint(Message& message, const Endpoint& endpoint) {
  if (endpoint.address.is_v4()) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    std::memcpy(&address.sin_addr, endpoint.address.bytes().data(), sizeof address.sin_addr);
    message.bytes(WGPEER_A_ENDPOINT, {reinterpret_cast<const char*>(&address), sizeof address});
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    std::memcpy(&address.sin6_addr, endpoint.address.bytes().data(), sizeof address.sin6_addr);
    message.bytes(WGPEER_A_ENDPOINT, {reinterpret_cast<const char*>(&address), sizeof address});
  }
}

void put_allowed(Message& message, std::span<const Prefix> allowed) {
  message.begin(WGPEER_A_ALLOWEDIPS);
  for (const Prefix& prefix : allowed) {
    message.begin(0);
    message.u16(WGALLOWEDIP_A_FAMILY, prefix.family() == Family::v4 ? AF_INET : AF_INET6);
    message.ip(WGALLOWEDIP_A_IPADDR, prefix.address());
    message.u8(WGALLOWEDIP_A_CIDR_MASK, static_cast<std::uint8_t>(prefix.length())).end();
  }
  message.end();
}

/// One peer, with the settings or, in a further message, with more prefixes alone.
Message peer_message(std::uint16_t family, std::string_view device, const plan::WireguardUpdate& update,
                     std::span<const Prefix> allowed, bool first) {
  Message message = device_message(family, device, WG_CMD_SET_DEVICE);
  message.begin(WGDEVICE_A_PEERS).begin(0).bytes(WGPEER_A_PUBLIC_KEY, update.public_key.view());
  if (first) {
    std::uint32_t flags = update.remove ? WGPEER_F_REMOVE_ME : 0;
    if (update.replace_allowed) flags |= WGPEER_F_REPLACE_ALLOWEDIPS;
    message.u32(WGPEER_A_FLAGS, flags);
    if (update.preshared) message.bytes(WGPEER_A_PRESHARED_KEY, update.preshared->view());
    if (update.endpoint) put_endpoint(message, *update.endpoint);
    if (update.keepalive) message.u16(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, *update.keepalive);
  }
  put_allowed(message, allowed);
  message.end().end();
  return message;
}

/// Nothing for an attribute that is absent or of another length.
template <class T>
std::optional<T> value_of(const Attributes& attributes, int attribute) {
  const auto bytes = attributes.find(attribute);
  if (!bytes || bytes->size() < sizeof(T)) return std::nullopt;
  T out;
  std::memcpy(&out, bytes->data(), sizeof out);
  return out;
}

WireguardKey key_of(const Attributes& attributes, int attribute) {
  const auto key = WireguardKey::parse(attributes.find(attribute).value_or(std::string_view()));
  return key ? *key : WireguardKey();
}

Endpoint endpoint_of(const Attributes& peer) {
  const auto family = value_of<sa_family_t>(peer, WGPEER_A_ENDPOINT);
  const auto v4 = value_of<sockaddr_in>(peer, WGPEER_A_ENDPOINT);
  const auto v6 = value_of<sockaddr_in6>(peer, WGPEER_A_ENDPOINT);
  if (family == AF_INET && v4) return {Ip::v4(ntohl(v4->sin_addr.s_addr)), ntohs(v4->sin_port)};
  if (family != AF_INET6 || !v6) return {};
  std::array<std::uint8_t, 16> address;
  std::memcpy(address.data(), &v6->sin6_addr, address.size());
  return {Ip::v6(address), ntohs(v6->sin6_port)};
}

std::optional<Prefix> prefix_of(const Attributes& allowed) {
  const auto address = allowed.ip(WGALLOWEDIP_A_IPADDR);
  const int length = allowed.u8(WGALLOWEDIP_A_CIDR_MASK).value_or(0xff);
  if (!address || length > address->bits()) return std::nullopt;
  return Prefix::around(*address, length);
}

void read_peer(const Attributes& attributes, plan::WireguardState& out) {
  const WireguardKey key = key_of(attributes, WGPEER_A_PUBLIC_KEY);
  if (out.peers.empty() || out.peers.back().peer.public_key != key) {
    plan::WireguardState::Seen& seen = out.peers.emplace_back();
    seen.peer.public_key = key;
    seen.peer.preshared = key_of(attributes, WGPEER_A_PRESHARED_KEY);
    seen.peer.endpoint = endpoint_of(attributes);
    seen.peer.keepalive = attributes.u16(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL).value_or(0);
    const auto time = value_of<__kernel_timespec>(attributes, WGPEER_A_LAST_HANDSHAKE_TIME);
    if (time) seen.handshake = time->tv_sec;
  }
  for (const Attributes& allowed : attributes.nested(WGPEER_A_ALLOWEDIPS).all(0)) {
    if (const auto prefix = prefix_of(allowed)) out.peers.back().peer.allowed.push_back(*prefix);
  }
}

}  // namespace

Message encode_family_request(std::string_view name) {
  Message message(GENL_ID_CTRL, 0, genlmsghdr{.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0});
  message.string(CTRL_ATTR_FAMILY_NAME, name);
  return message;
}

Result<std::uint16_t> read_family(const Reply& reply) {
  const auto id = reply.attributes<genlmsghdr>().u16(CTRL_ATTR_FAMILY_ID);
  if (!id) return fail(Errc::io, "the kernel names a generic netlink family without its number");
  return *id;
}

Message encode_wireguard_get(std::uint16_t family, std::string_view device) {
  return device_message(family, device, WG_CMD_GET_DEVICE);
}

std::vector<Message> encode_wireguard_change(std::uint16_t family, std::string_view device,
                                             const plan::WireguardChange& change) {
  std::vector<Message> out;
  if (change.secret || change.port) {
    Message& message = out.emplace_back(device_message(family, device, WG_CMD_SET_DEVICE));
    if (change.secret) message.bytes(WGDEVICE_A_PRIVATE_KEY, change.secret->view());
    if (change.port) message.u16(WGDEVICE_A_LISTEN_PORT, *change.port);
  }
  for (const plan::WireguardUpdate& update : change.peers) {
    std::span<const Prefix> rest = update.allowed;
    for (bool first = true; first || !rest.empty(); first = false) {
      const auto now = rest.first(std::min(rest.size(), prefixes_a_message));
      out.push_back(peer_message(family, device, update, now, first));
      rest = rest.subspan(now.size());
    }
  }
  return out;
}

void read_wireguard(const Reply& reply, plan::WireguardState& out) {
  const Attributes attributes = reply.attributes<genlmsghdr>();
  if (attributes.find(WGDEVICE_A_PRIVATE_KEY)) out.secret = key_of(attributes, WGDEVICE_A_PRIVATE_KEY);
  if (const auto port = attributes.u16(WGDEVICE_A_LISTEN_PORT)) out.port = *port;
  for (const Attributes& peer : attributes.nested(WGDEVICE_A_PEERS).all(0)) read_peer(peer, out);
}

}  // namespace overlay::kernel
