// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/netns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace overlay::cni {
namespace {

CniError unusable(const std::string& path, const std::string& why) {
  return {Code::bad_environment, "CNI_NETNS is '" + path + "', " + why};
}

bool same_file(int a, int b) {
  struct stat first {};
  struct stat second {};
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

Status enter(const FileDescriptor& netns, const char* which) {
  if (::setns(netns.get(), CLONE_NEWNET) == 0) return {};
  return with_context(std::string("cannot enter ") + which, kernel::kernel_error(errno));
}

/// Of the namespace this thread is in. Netlink does not tell what an interface that is yet to come will get.
bool new_interfaces_have_ipv6() {
  const FileDescriptor file(::open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_RDONLY | O_CLOEXEC));
  char disabled = '1';  // no file: a kernel without IPv6
  return file && ::read(file.get(), &disabled, 1) == 1 && disabled == '0';
}

}  // namespace

Outcome<Netns> Netns::open(const std::string& path) {
  FileDescriptor outside(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!outside) {
    return CniError(with_context("cannot open /proc/thread-self/ns/net", kernel::kernel_error(errno)));
  }
  FileDescriptor inside(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!inside) return unusable(path, "which cannot be opened: " + kernel::kernel_error(errno).text);
  if (::ioctl(inside.get(), NS_GET_NSTYPE) != CLONE_NEWNET)
    return unusable(path, "which is no network namespace");
  if (same_file(inside.get(), outside.get())) return unusable(path, "the host's own network namespace");
  return Netns(std::move(inside), std::move(outside));
}

Result<Netns::Inside> Netns::look_inside() const {
  OVERLAY_CHECK(enter(inside_, "the container's network namespace"));
  auto socket = kernel::Socket::open(NETLINK_ROUTE);
  const bool has_ipv6 = new_interfaces_have_ipv6();
  OVERLAY_CHECK(enter(outside_, "the host's network namespace again"));
  if (!socket) return socket.error();
  return Inside{*std::move(socket), has_ipv6};
}

}  // namespace overlay::cni
