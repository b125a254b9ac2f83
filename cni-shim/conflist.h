// SPDX-License-Identifier: Apache-2.0
// The network configuration list that `cni-shim install` writes.
#pragma once

#include <string>
#include <string_view>

namespace overlay::cni {

inline constexpr std::string_view conflist_name = "10-overlay.conflist";

/// Which of the chained plugins are installed beside ours.
struct Companions {
  bool portmap = false;
  bool bandwidth = false;
};

/// The file's content. `cniVersions` lets libcni 1.2 and newer choose the newest it knows; older ones read
/// `cniVersion`. `socket` is written only where it is not the default.
std::string conflist(const Companions& companions, std::string_view socket);

}  // namespace overlay::cni
