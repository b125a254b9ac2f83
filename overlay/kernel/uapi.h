// SPDX-License-Identifier: Apache-2.0
// WireGuard's cross-platform configuration protocol, which wireguard-go speaks on a unix socket: lines of
// key=value, an empty line at the end (wireguard.com/xplatform). Pure text.
#pragma once

#include <string>
#include <string_view>

#include "overlay/base/result.h"
#include "overlay/plan/wireguard.h"

namespace overlay::kernel {

inline constexpr std::string_view uapi_get = "get=1\n\n";
/// The request that makes this change.
std::string uapi_set(const plan::WireguardChange& change);

/// The whole of an answer has arrived.
bool is_whole_answer(std::string_view answer);
/// What an answer to a request for the device says; Errc::io when it tells of a failure, Errc::invalid when
/// it is not understood. Keys that are not known are passed over, as the protocol asks.
[[nodiscard]] Result<plan::WireguardState> read_uapi(std::string_view answer);
/// What an answer to a change says.
[[nodiscard]] Status read_uapi_errno(std::string_view answer);

}  // namespace overlay::kernel
