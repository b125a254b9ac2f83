// SPDX-License-Identifier: Apache-2.0
// Files below /proc/sys; those under net/ are of the calling thread's network namespace.
#pragma once

#include <string>

#include "overlay/base/result.h"

namespace overlay::kernel {

/// Without the newline. Errc::not_found when there is no such file.
[[nodiscard]] Result<std::string> read_sysctl(const std::string& path);
[[nodiscard]] Status write_sysctl(const std::string& path, const std::string& value);

/// To be called before IPv6 forwarding is switched on: from then on a device ignores router advertisements
/// unless its accept_ra is 2, and a host that has its default route from them would lose it. Makes 2 of
/// each 1.
[[nodiscard]] Status keep_router_advertisements();

/// False when the kernel was built or booted without IPv6.
bool has_ipv6();

}  // namespace overlay::kernel
