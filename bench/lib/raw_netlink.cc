// SPDX-License-Identifier: Apache-2.0
#include "bench/lib/raw_netlink.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "overlay/kernel/encode.h"
#include "overlay/plan/desired.h"

namespace overlay::bench {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

using kernel::Message;

std::string with_flags(const Message& message, int flags) {
  std::string out(message.view());
  nlmsghdr header;
  std::memcpy(&header, out.data(), sizeof header);
  header.nlmsg_flags = static_cast<std::uint16_t>(header.nlmsg_flags | NLM_F_REQUEST | flags);
  std::memcpy(out.data(), &header, sizeof header);
  return out;
}

Pieces pieces(const std::vector<Message>& messages) {
  Pieces out(1);
  for (const Message& message : messages) {
    if (out.back().size() + message.view().size() > piece_bytes) out.emplace_back();
    out.back() += with_flags(message, &message == &messages.back() ? NLM_F_ACK : 0);
  }
  return out;
}

std::vector<Message> messages_of(const plan::Objects& objects, const kernel::Indices& indices) {
  std::vector<Message> out;
  for (const plan::Object& object : objects.all()) {
    auto message = kernel::encode({plan::Operation::Verb::add, object, std::nullopt}, indices);
    if (message) out.push_back(*std::move(message));
  }
  return out;
}

Message onlink_route(const plan::Route& route, const kernel::Indices& indices) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = static_cast<std::uint8_t>(route.destination.length());
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_type = RTN_UNICAST;
  header.rtm_flags = RTNH_F_ONLINK;
  Message out(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header);
  out.ip(RTA_DST, route.destination.address());
  out.ip(RTA_GATEWAY, plan::gateway_handle(*route.nexthop & plan::peer_index_max, Family::v4));
  out.u32(RTA_OIF, static_cast<std::uint32_t>(indices.of(plan::Device::vxlan)));
  return out;
}

}  // namespace

Pieces encode_ours(const plan::Objects& objects, const kernel::Indices& indices) {
  return pieces(messages_of(objects, indices));
}

Pieces encode_onlink(const plan::Objects& objects, const kernel::Indices& indices) {
  plan::Objects entries;
  entries.fdb = objects.fdb;
  entries.neighbours = objects.neighbours;
  std::vector<Message> out = messages_of(entries, indices);
  for (const plan::Route& route : objects.routes) out.push_back(onlink_route(route, indices));
  return pieces(out);
}

void send_raw(const kernel::Socket& socket, const Pieces& all) {
  for (const std::string& piece : all) {
    if (::send(socket.fd(), piece.data(), piece.size(), 0) < 0) give_up("the kernel takes no more");
  }
  char answer[8192];
  const ssize_t size = ::recv(socket.fd(), answer, sizeof answer, 0);
  nlmsgerr error{};
  if (size >= static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof error)) {
    std::memcpy(&error, answer + sizeof(nlmsghdr), sizeof error);
  }
  if (size < 0 || error.error != 0) give_up("the kernel refused: errno " + std::to_string(-error.error));
}

void give_up(const std::string& why) {
  std::fprintf(stderr, "program: %s\n", why.c_str());
  std::exit(1);
}

}  // namespace overlay::bench
