// SPDX-License-Identifier: Apache-2.0
// Network namespaces for tests: made without a name, gone with the object, nothing outside them touched.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "overlay/addr/prefix.h"
#include "overlay/kernel/netlink.h"

namespace overlay::kernel {

/// An empty network namespace. Threads enter it; sockets made there stay there.
class NetworkNamespace {
 public:
  NetworkNamespace() {
    std::thread([this] {
      if (::unshare(CLONE_NEWNET) == 0) fd_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    }).join();
    if (fd_ < 0) throw std::runtime_error("cannot make a network namespace");
  }
  ~NetworkNamespace() { ::close(fd_); }
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;

  int fd() const { return fd_; }

  /// Runs `body` in a thread that is inside, and waits for it.
  template <class Body>
  void run(Body body) const {
    std::thread([this, &body] {
      ASSERT_EQ(::setns(fd_, CLONE_NEWNET), 0);
      body();
    }).join();
  }

 private:
  int fd_ = -1;
};

/// A veth pair between two of them.
void connect(const NetworkNamespace& a, const std::string& a_name, const NetworkNamespace& b,
             const std::string& b_name);
/// The rest acts on the calling thread's namespace. Each fails the test when the kernel refuses.
int index_of(const std::string& device);
void make_bridge(const std::string& device);
void make_vxlan(const std::string& device, std::uint32_t vni, std::uint16_t port);
void remove_device(const std::string& device);
void set_up(const std::string& device, bool up = true);
void set_mac(const std::string& device, const Mac& mac);
void set_mtu(const std::string& device, std::uint32_t mtu);
void rename_device(const std::string& device, const std::string& to);
void set_alias(const std::string& device, const std::string& alias);
/// An empty `bridge`: none.
void set_master(const std::string& device, const std::string& bridge);
void add_address(const std::string& device, const Ip& ip, int length);
void add_neighbour(const std::string& device, const Ip& ip, const Mac& mac);
/// A route of protocol "static"; `gateway` is taken as reachable on the device.
void add_route(const std::string& device, const Prefix& destination,
               std::optional<Ip> gateway = std::nullopt);
/// The same in the place of whatever route there is.
void replace_route(const std::string& device, const Prefix& destination);
void remove_route(const std::string& device, const Prefix& destination);
std::uint64_t received_packets(const std::string& device);

}  // namespace overlay::kernel
