// SPDX-License-Identifier: Apache-2.0
// What the kernel's wireguard module is told and tells, as generic netlink messages (linux/wireguard.h).
// Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "overlay/kernel/netlink.h"
#include "overlay/plan/wireguard.h"

namespace overlay::kernel {

/// "Which number has the family of this name?", and the answer.
Message encode_family_request(std::string_view name);
[[nodiscard]] Result<std::uint16_t> read_family(const Reply& reply);

Message encode_wireguard_get(std::uint16_t family, std::string_view device);
/// In as many messages as it takes, in their order.
std::vector<Message> encode_wireguard_change(std::uint16_t family, std::string_view device,
                                             const plan::WireguardChange& change);
/// Takes one of the answers to a get: a peer may go on from one to the next.
void read_wireguard(const Reply& reply, plan::WireguardState& out);

}  // namespace overlay::kernel
