// SPDX-License-Identifier: Apache-2.0
// What this host's own network looks like, for choosing the underlay and checking the pools.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/kernel/netlink.h"
#include "overlay/plan/intent.h"
#include "overlay/plan/preflight.h"

namespace overlay::kernel {

/// Where this host stands on the underlay: `wanted` if it is an address of this host, with the MTU of its
/// device; else the source address of the default route (IPv4 before IPv6, then the lowest metric), with the
/// MTU of that route or its device. The error names --underlay-address.
[[nodiscard]] Result<plan::Underlay> find_underlay(Socket& socket, std::optional<Ip> wanted);

/// The main table without our own routes, for plan::check_pool_against_routes.
[[nodiscard]] Result<std::vector<plan::HostRoute>> foreign_routes(Socket& socket);

/// All addresses of this host.
[[nodiscard]] Result<std::set<Ip>> own_addresses(Socket& socket);
/// By a device, since it was made.
[[nodiscard]] Result<std::uint64_t> received_packets(Socket& socket, std::string_view device);

/// The names of all interfaces.
[[nodiscard]] Result<std::set<std::string>> interface_names(Socket& socket);

}  // namespace overlay::kernel
