// SPDX-License-Identifier: Apache-2.0
// The device overlay.wg, by either of its two makers: the kernel's module, spoken to by generic netlink
// (linux/wireguard.h), or, on a kernel without it, the process wireguard-go, by its socket (uapi.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "overlay/base/result.h"
#include "overlay/plan/wireguard.h"

namespace overlay::kernel {

/// IFLA_INFO_KIND of the device that each of them makes.
inline constexpr std::string_view wireguard_kind = "wireguard";
inline constexpr std::string_view tun_kind = "tun";

class Wireguard {
 public:
  virtual ~Wireguard() = default;
  [[nodiscard]] virtual Result<plan::WireguardState> read() = 0;
  [[nodiscard]] virtual Status write(const plan::WireguardChange& change) = 0;
};

/// For a device of this name and kind that is there.
[[nodiscard]] Result<std::unique_ptr<Wireguard>> open_wireguard(const std::string& name,
                                                                std::string_view kind);

/// Where Debian's package puts wireguard-go.
inline constexpr const char* wireguard_go_path = "/usr/bin/wireguard-go";

/// Starts the process that makes and keeps a device of this name, and returns when it has: Errc::unsupported
/// when it is not installed. It lives on when this process ends, and ends when its device is removed.
[[nodiscard]] Status start_wireguard_go(const std::string& name);

}  // namespace overlay::kernel
