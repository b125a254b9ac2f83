// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "overlay/doctor/gather.h"

namespace overlay::doctor {
namespace {

/// Why the port cannot be bound on all IPv4 addresses, or nothing.
std::string try_port(int type, std::uint16_t port) {
  const int socket = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  if (socket < 0) return std::strerror(errno);
  const int one = 1;
  // As overlayd listens: what an ended connection has left does not count.
  if (type == SOCK_STREAM) ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const std::string why = bound ? "" : std::strerror(errno);
  ::close(socket);
  return why;
}

}  // namespace

std::vector<TakenPort> try_ports(bool has_overlay) {
  struct Port {
    const char* name;
    const char* flag;
    int type;
    std::uint16_t number;
  };
  std::vector<TakenPort> out;
  for (const Port& port :
       {Port{"TCP 6783", "--listen", SOCK_STREAM, 6783}, Port{"TCP 6782", "--metrics", SOCK_STREAM, 6782},
        Port{"UDP 4789", "--vxlan-port", SOCK_DGRAM, 4789}}) {
    // Where overlay.vx is, the VXLAN port is its own.
    if (port.type == SOCK_DGRAM && has_overlay) continue;
    auto why = try_port(port.type, port.number);
    if (!why.empty()) out.push_back({port.name, port.flag, std::move(why)});
  }
  return out;
}

}  // namespace overlay::doctor
