// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/offload.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

#include "overlay/kernel/netlink.h"

namespace overlay::kernel {
namespace {

/// In the network namespace of the calling thread.
Result<std::uint32_t> ask(const std::string& device, std::uint32_t command, std::uint32_t value) {
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  ethtool_value argument{.cmd = command, .data = value};
  request.ifr_data = reinterpret_cast<char*>(&argument);
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool done = fd >= 0 && ::ioctl(fd, SIOCETHTOOL, &request) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (done) return argument.data;
  return with_context("cannot tell who sums up what " + device + " sends", kernel_error(error));
}

}  // namespace

Result<bool> checksum_offload(const std::string& device) {
  OVERLAY_TRY(const std::uint32_t value, ask(device, ETHTOOL_GTXCSUM, 0));
  return value != 0;
}

Status set_checksum_offload(const std::string& device, bool on) {
  OVERLAY_CHECK(ask(device, ETHTOOL_STXCSUM, on ? 1 : 0));
  return {};
}

}  // namespace overlay::kernel
