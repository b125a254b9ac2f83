// SPDX-License-Identifier: Apache-2.0
// A crowd without a key: opens connections to one address at a steady rate from several source addresses. A
// third of them soon leave, a third send what is no handshake, a third say nothing.
//
//   flood TARGET PORT PER-SECOND SECONDS SOURCE...
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <thread>
#include <utility>

namespace {

using Clock = std::chrono::steady_clock;

// So many calls later, which at 5,000 a second is after 12 ms and after 0.12 s.
constexpr std::size_t acts_after = 60;
constexpr std::size_t ends_after = 600;

struct Call {
  int fd;
  long number;
};

sockaddr_in address(const char* text, int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, text, &out.sin_addr) != 1) std::exit(2);
  return out;
}

int call(const sockaddr_in& source, const sockaddr_in& target) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const linger abrupt{1, 0};  // no port is left in TIME_WAIT
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
  ::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source);
  ::connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof target);
  return fd;
}

/// True when the connection stands.
bool act(Call& call) {
  const std::string noise(517, '\x16');
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  const bool stands = ::getpeername(call.fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
  if (call.number % 3 == 1) ::send(call.fd, noise.data(), noise.size(), MSG_NOSIGNAL);
  if (call.number % 3 == 2) ::close(std::exchange(call.fd, -1));
  return stands;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  const sockaddr_in target = address(argv[1], std::atoi(argv[2]));
  const long per_second = std::atol(argv[3]);
  const long total = per_second * std::atol(argv[4]);
  const auto began = Clock::now();
  std::deque<Call> calls;
  long stood = 0;
  for (long made = 0; made < total; ++made) {
    std::this_thread::sleep_until(began + std::chrono::microseconds(made / 50 * 50 * 1'000'000 / per_second));
    const char* source = argv[5 + made % (argc - 5)];
    calls.push_back({call(address(source, 0), target), made});
    if (calls.size() > acts_after && act(calls[calls.size() - acts_after - 1])) ++stood;
    if (calls.size() <= ends_after) continue;
    if (calls.front().fd >= 0) ::close(calls.front().fd);
    calls.pop_front();
  }
  const double took = std::chrono::duration<double>(Clock::now() - began).count();
  std::printf("%ld connections, %.0f a second, %ld stood\n", total, static_cast<double>(total) / took, stood);
}
