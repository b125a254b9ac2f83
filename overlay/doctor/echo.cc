// SPDX-License-Identifier: Apache-2.0
// Echo requests (RFC 792, RFC 4443) that nobody may fragment.
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "overlay/doctor/gather.h"

namespace overlay::doctor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{1};
constexpr std::size_t header_bytes = 8;  // of an echo request, in both families
constexpr std::size_t small_bytes = 64;
constexpr std::size_t datagram_max = 65535;

/// The Internet checksum (RFC 1071) of an even number of bytes.
std::uint16_t checksum(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, &bytes[i], sizeof word);
    sum += word;
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// Sends and hears the echoes of one family.
class Pinger {
 public:
  explicit Pinger(Family family) : v4_(family == Family::v4) {
    socket_ = ::socket(v4_ ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                       v4_ ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
    // Also over what the kernel believes of the path's MTU.
    const int probe = v4_ ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE;
    if (v4_) ::setsockopt(socket_, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe);
    if (!v4_) ::setsockopt(socket_, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe, sizeof probe);
  }
  ~Pinger() {
    if (socket_ >= 0) ::close(socket_);
  }
  Pinger(const Pinger&) = delete;
  Pinger& operator=(const Pinger&) = delete;

  /// `packet_bytes` with the IP header; `sequence` comes back.
  void send(const Ip& to, std::size_t packet_bytes, std::uint16_t sequence) const {
    const std::size_t ip_bytes = v4_ ? sizeof(iphdr) : sizeof(in6_addr) * 2 + header_bytes;
    Bytes echo(std::max(packet_bytes, ip_bytes + header_bytes) - ip_bytes, '\0');
    echo.resize(echo.size() & ~std::size_t{1});
    echo[0] = v4_ ? static_cast<char>(ICMP_ECHO) : static_cast<char>(ICMP6_ECHO_REQUEST);
    const std::uint16_t id = own_id();
    std::memcpy(&echo[4], &id, sizeof id);
    std::memcpy(&echo[6], &sequence, sizeof sequence);
    const std::uint16_t sum = v4_ ? checksum(echo) : 0;  // the kernel's for ICMPv6
    std::memcpy(&echo[2], &sum, sizeof sum);
    sockaddr_storage address{};
    const auto length = fill(to, address);
    ::sendto(socket_, echo.data(), echo.size(), 0, reinterpret_cast<const sockaddr*>(&address), length);
  }

  /// The sequence of the next answer to this process; nothing when `deadline` has passed.
  std::optional<std::uint16_t> next_answer(Clock::time_point deadline) const {
    static thread_local Bytes buffer(datagram_max, '\0');
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
      if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0) return std::nullopt;
      const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (size <= 0) continue;
      const auto sequence = read_answer(std::string_view(buffer).substr(0, static_cast<std::size_t>(size)));
      if (sequence) return sequence;
    }
  }

 private:
  static std::uint16_t own_id() { return static_cast<std::uint16_t>(::getpid()); }

  std::optional<std::uint16_t> read_answer(std::string_view packet) const {
    // Raw IPv4 sockets give the IP header too, whose length is in its first byte.
    if (v4_ && !packet.empty())
      packet.remove_prefix(std::min<std::size_t>(packet.size(), (packet[0] & 15) * 4U));
    if (packet.size() < header_bytes) return std::nullopt;
    std::uint16_t id = 0;
    std::uint16_t sequence = 0;
    std::memcpy(&id, &packet[4], sizeof id);
    std::memcpy(&sequence, &packet[6], sizeof sequence);
    const auto type = static_cast<std::uint8_t>(packet[0]);
    if (id != own_id() || type != (v4_ ? int{ICMP_ECHOREPLY} : int{ICMP6_ECHO_REPLY})) return std::nullopt;
    return sequence;
  }

  static socklen_t fill(const Ip& ip, sockaddr_storage& address) {
    if (ip.is_v4()) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(address);
      v4.sin_family = AF_INET;
      std::memcpy(&v4.sin_addr, ip.bytes().data(), sizeof v4.sin_addr);
      return sizeof v4;
    }
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, ip.bytes().data(), sizeof v6.sin6_addr);
    return sizeof v6;
  }

  bool v4_;
  int socket_ = -1;
};

/// Echo i is asked small as sequence 2i and full as 2i + 1.
void send_echoes(Family family, std::uint32_t mtu, std::vector<Echo>& echoes) {
  const Pinger pinger(family);
  std::size_t awaited = 0;
  for (std::size_t i = 0; i < echoes.size(); ++i) {
    if (echoes[i].address.family() != family) continue;
    pinger.send(echoes[i].address, small_bytes, static_cast<std::uint16_t>(2 * i));
    pinger.send(echoes[i].address, mtu, static_cast<std::uint16_t>(2 * i + 1));
    awaited += 2;
  }
  const auto deadline = Clock::now() + patience;
  while (awaited > 0) {
    const auto sequence = pinger.next_answer(deadline);
    if (!sequence) return;
    if (*sequence / 2U >= echoes.size()) continue;
    Echo& echo = echoes[*sequence / 2U];
    (*sequence % 2 == 0 ? echo.small : echo.full) = true;
    --awaited;
  }
}

}  // namespace

void send_echoes(std::uint32_t mtu, std::vector<Echo>& echoes) {
  for (const Family family : {Family::v4, Family::v6}) send_echoes(family, mtu, echoes);
}

}  // namespace overlay::doctor
