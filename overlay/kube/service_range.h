// SPDX-License-Identifier: Apache-2.0
// The addresses of services, which a pool must not overlap: routing comes before translation, so a service
// inside a pod route could not be reached. They are found in three ways, the next where one says nothing:
// ServiceCIDR objects (Kubernetes 1.33), the words in which the API server refuses an impossible service
// address (1.24 and later answer that without making anything), and the address of the API's own service.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/addr/prefix.h"
#include "overlay/base/result.h"

namespace overlay::kube {

/// Of a list of ServiceCIDR objects.
[[nodiscard]] Result<std::vector<Prefix>> parse_service_ranges(std::string_view body);
/// From "… The range of valid IPs is 10.96.0.0/12"; nothing when the message says no such thing.
std::optional<Prefix> range_in_refusal(std::string_view body);
/// An address for documentation (RFC 5737, RFC 3849), which is in nobody's range.
Ip impossible_address(Family family);

/// Errc::conflict: one sentence with the pool, what it overlaps and a pool that is free.
[[nodiscard]] Status check_pools(const std::vector<Prefix>& pools, const std::vector<Prefix>& services,
                                 const std::vector<Ip>& node_addresses);

}  // namespace overlay::kube
