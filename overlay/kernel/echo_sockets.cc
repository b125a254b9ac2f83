// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/echo_sockets.h"

#include <arpa/inet.h>
#include <linux/icmp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/icmp6.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace overlay::kernel {
namespace {

/// Headers and nonce; the rest of an answer is of no interest.
constexpr std::size_t enough = 256;
/// To be told of one costs as much as to be given many.
constexpr int at_once = 32;

Result<int> open_socket(int domain, int type, int protocol) {
  const int fd = ::socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  if (fd < 0)
    return with_context("cannot open a socket for probes (CAP_NET_RAW is needed)", kernel_error(errno));
  return fd;
}

/// Of all ICMP that reaches this host only what may be an answer; a filter that is refused costs time alone.
void hear_answers_only(int fd4, int fd6) {
  const std::uint32_t others = ~(1U << ICMP_ECHOREPLY);
  (void)::setsockopt(fd4, SOL_RAW, ICMP_FILTER, &others, sizeof others);
  icmp6_filter filter{};
  ICMP6_FILTER_SETBLOCKALL(&filter);
  ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
  (void)::setsockopt(fd6, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
}

}  // namespace

EchoSockets::Descriptor::~Descriptor() {
  if (fd >= 0) ::close(fd);
}

Result<EchoSockets> EchoSockets::open(std::uint16_t id) {
  OVERLAY_TRY(Socket asking, Socket::open(NETLINK_ROUTE));
  EchoSockets out(id, -1, -1, -1, std::move(asking));
  OVERLAY_TRY(out.send_.fd, open_socket(AF_PACKET, SOCK_DGRAM, 0));
  OVERLAY_TRY(out.hear4_.fd, open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  const auto hear6 = open_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
  if (hear6) out.hear6_.fd = *hear6;  // a host without IPv6 hears nothing there
  hear_answers_only(out.hear4_.fd, out.hear6_.fd);
  return out;
}

Status EchoSockets::send(const paths::Echo& echo, std::uint32_t device, const std::optional<Mac>& to) {
  const bool v4 = echo.source.is_v4();
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(v4 ? ETH_P_IP : ETH_P_IPV6);
  address.sll_ifindex = static_cast<int>(device);
  if (to) {
    address.sll_halen = ETH_ALEN;
    std::memcpy(address.sll_addr, to->view().data(), ETH_ALEN);
  }
  paths::Echo ours = echo;
  ours.id = id_;
  const std::string packet = paths::echo_request(ours);
  const auto sent = ::sendto(send_.fd, packet.data(), packet.size(), 0,
                             reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (sent < 0) return kernel_error(errno);
  return {};
}

Status EchoSockets::send(const paths::Echo& echo, std::uint32_t device, const Ip& neighbour) {
  ndmsg header{};
  header.ndm_family = neighbour.is_v4() ? AF_INET : AF_INET6;
  header.ndm_ifindex = static_cast<int>(device);
  Message message(RTM_GETNEIGH, 0, header);
  message.ip(NDA_DST, neighbour);
  OVERLAY_TRY(const Reply reply, asking_.get(message));
  const auto mac = reply.attributes<ndmsg>().mac(NDA_LLADDR);
  if (!mac) return fail(Errc::not_found, neighbour.text() + " is not resolved on its device");
  return send(echo, device, mac);
}

std::vector<std::uint64_t> EchoSockets::take_answers() {
  std::vector<std::uint64_t> out;
  read_answers(hear4_.fd, Family::v4, out);
  read_answers(hear6_.fd, Family::v6, out);
  return out;
}

void EchoSockets::read_answers(int fd, Family family, std::vector<std::uint64_t>& out) const {
  std::array<std::array<char, enough>, at_once> buffers;
  std::array<iovec, at_once> parts{};
  std::array<mmsghdr, at_once> messages{};
  for (std::size_t i = 0; i < at_once; ++i) {
    parts[i] = {buffers[i].data(), buffers[i].size()};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (int count = at_once; count == at_once;) {
    count = ::recvmmsg(fd, messages.data(), at_once, 0, nullptr);
    for (int i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const auto reply = paths::read_echo_reply(family, {buffers[at].data(), messages[at].msg_len});
      if (reply && reply->id == id_) out.push_back(reply->nonce);
    }
  }
}

}  // namespace overlay::kernel
