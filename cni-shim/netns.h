// SPDX-License-Identifier: Apache-2.0
// The container's network namespace: opened by path, entered only for a moment.
#pragma once

#include <string>

#include "cni-shim/cni_error.h"
#include "cni-shim/file_descriptor.h"
#include "overlay/kernel/netlink.h"

namespace overlay::cni {

class Netns {
 public:
  /// Code::bad_environment, naming CNI_NETNS, when the path is not there, not a network namespace, or our
  /// own.
  [[nodiscard]] static Outcome<Netns> open(const std::string& path);

  struct Inside {
    kernel::Socket socket;  // NETLINK_ROUTE
    bool has_ipv6 = true;   // new interfaces there may have IPv6 addresses
  };
  /// What is had from inside. The calling thread is back where it was afterwards; where it cannot return,
  /// that is the error, and nothing more may be asked of the kernel.
  [[nodiscard]] Result<Inside> look_inside() const;
  /// For IFLA_NET_NS_FD.
  int fd() const { return inside_.get(); }

 private:
  Netns(FileDescriptor inside, FileDescriptor outside)
      : inside_(std::move(inside)), outside_(std::move(outside)) {}

  FileDescriptor inside_;
  FileDescriptor outside_;  // where we came from
};

}  // namespace overlay::cni
