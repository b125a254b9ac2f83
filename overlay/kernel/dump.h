// SPDX-License-Identifier: Apache-2.0
// What of ours the kernel holds, read by filtered dumps.
#pragma once

#include <optional>
#include <vector>

#include "overlay/kernel/devices.h"
#include "overlay/kernel/netlink.h"

namespace overlay::kernel {

/// Permanent entries of overlay.vx.
[[nodiscard]] Result<std::vector<plan::FdbEntry>> dump_fdb(Socket& socket, const Indices& indices);
/// Permanent entries with our protocol on our devices.
[[nodiscard]] Result<std::vector<plan::Neighbour>> dump_neighbours(Socket& socket, const Indices& indices);
/// With our protocol and an id of our ranges. One on another device has no gateway, so that it differs from
/// any wanted.
[[nodiscard]] Result<std::vector<plan::Nexthop>> dump_nexthops(Socket& socket, const Indices& indices);
/// With our protocol, of the main table.
[[nodiscard]] Result<std::vector<plan::Route>> dump_routes(Socket& socket, const Indices& indices);
/// Of overlay0, and of the two forms we give it: a host address (/32, /128) or the pods' gateway.
[[nodiscard]] Result<std::vector<plan::Address>> dump_addresses(Socket& socket, const Indices& indices);

/// What a piece of news is about, of the kinds above but addresses; of a neighbour that is gone only its key.
/// Nothing when it is not ours, or in no form that we give.
std::optional<plan::Object> read_object(const Reply& news, const Indices& indices);

/// All routes of the main table, of one family; none when the kernel lacks the family or has no such table
/// yet. `protocol` 0 is any.
[[nodiscard]] Result<std::vector<Reply>> dump_main_table(Socket& socket, Family family,
                                                         std::uint8_t protocol);
/// A route's destination; nothing when the message is not a route of the main table.
std::optional<Prefix> destination_of(const Reply& reply, Family family);

}  // namespace overlay::kernel
