// SPDX-License-Identifier: Apache-2.0
// Sends echo requests by a way of our choosing, past the routing table, and hears the answers.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "overlay/addr/mac.h"
#include "overlay/base/result.h"
#include "overlay/kernel/netlink.h"
#include "overlay/paths/echo.h"

namespace overlay::kernel {

class EchoSockets {
 public:
  /// `id` tells our answers from those to others of this host. In the network namespace of this thread.
  [[nodiscard]] static Result<EchoSockets> open(std::uint16_t id);
  EchoSockets(EchoSockets&&) noexcept = default;
  EchoSockets& operator=(EchoSockets&&) noexcept = default;

  /// Onto a device (by its index), as a frame to this address there; none where frames have no addresses.
  [[nodiscard]] Status send(const paths::Echo& echo, std::uint32_t device, const std::optional<Mac>& to);
  /// The same to a neighbour, whose address the kernel knows; Errc::not_found when it does not.
  [[nodiscard]] Status send(const paths::Echo& echo, std::uint32_t device, const Ip& neighbour);
  /// The nonces that have been answered since the last call, without waiting.
  std::vector<std::uint64_t> take_answers();
  /// Each readable when there may be some.
  std::array<int, 2> fds() const { return {hear4_.fd, hear6_.fd}; }

 private:
  struct Descriptor {
    explicit Descriptor(int value) : fd(value) {}
    Descriptor(Descriptor&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
      std::swap(fd, other.fd);
      return *this;
    }
    ~Descriptor();
    int fd;
  };

  EchoSockets(std::uint16_t id, int send, int hear4, int hear6, Socket asking)
      : id_(id), send_(send), hear4_(hear4), hear6_(hear6), asking_(std::move(asking)) {}
  void read_answers(int fd, Family family, std::vector<std::uint64_t>& out) const;

  std::uint16_t id_;
  Descriptor send_;
  Descriptor hear4_;
  Descriptor hear6_;
  Socket asking_;  // for neighbours
};

}  // namespace overlay::kernel
