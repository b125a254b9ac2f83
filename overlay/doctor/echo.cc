// SPDX-License-Identifier: Apache-2.0
// Echo requests (RFC 792, RFC 4443) that nobody may fragment.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

#include "overlay/doctor/gather.h"
#include "overlay/paths/echo.h"

namespace overlay::doctor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{1};
constexpr std::size_t small_bytes = 64;
constexpr std::size_t datagram_max = 65535;

/// Sends and hears the echoes of one family.
class Pinger {
 public:
  explicit Pinger(Family family) : family_(family) {
    const bool v4 = family == Family::v4;
    socket_ = ::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                       v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
    // Also over what the kernel believes of the path's MTU.
    const int probe = v4 ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE;
    if (v4) ::setsockopt(socket_, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe);
    if (!v4) ::setsockopt(socket_, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe, sizeof probe);
  }
  ~Pinger() {
    if (socket_ >= 0) ::close(socket_);
  }
  Pinger(const Pinger&) = delete;
  Pinger& operator=(const Pinger&) = delete;

  /// `packet_bytes` with the IP header; `sequence` comes back.
  void send(const Ip& to, std::size_t packet_bytes, std::uint16_t sequence) const {
    const std::string echo = paths::echo_message(family_, own_id(), sequence, packet_bytes);
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
    const auto reply = paths::read_echo_reply(family_, packet);
    if (!reply || reply->id != own_id()) return std::nullopt;
    return static_cast<std::uint16_t>(reply->nonce);
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

  Family family_;
  int socket_ = -1;
};

/// Asks those of one family that `are_asked`, and sets `answered` of whoever answers in time. Echo i is the
/// sequence 2i and `odd`, so that a late answer to one size is none to the other.
template <class AreAsked>
void ask(const Pinger& pinger, std::size_t packet_bytes, std::size_t odd, std::vector<Echo>& echoes,
         bool Echo::*answered, AreAsked are_asked) {
  std::size_t awaited = 0;
  for (std::size_t i = 0; i < echoes.size(); ++i) {
    if (!are_asked(echoes[i])) continue;
    pinger.send(echoes[i].address, packet_bytes, static_cast<std::uint16_t>(2 * i + odd));
    ++awaited;
  }
  const auto deadline = Clock::now() + patience;
  while (awaited > 0) {
    const auto sequence = pinger.next_answer(deadline);
    if (!sequence) return;
    if (*sequence % 2 != odd || *sequence / 2U >= echoes.size()) continue;
    echoes[*sequence / 2U].*answered = true;
    --awaited;
  }
}

/// Full ones when the small ones are answered: of two that arrive together the peer's connection tracking
/// drops the second while it knows of neither.
void send_echoes(Family family, std::uint32_t mtu, std::vector<Echo>& echoes) {
  const Pinger pinger(family);
  ask(pinger, small_bytes, 0, echoes, &Echo::small,
      [&](const Echo& echo) { return echo.address.family() == family; });
  ask(pinger, mtu, 1, echoes, &Echo::full,
      [&](const Echo& echo) { return echo.address.family() == family && echo.small; });
}

}  // namespace

void send_echoes(std::uint32_t mtu, std::vector<Echo>& echoes) {
  for (const Family family : {Family::v4, Family::v6}) send_echoes(family, mtu, echoes);
}

}  // namespace overlay::doctor
