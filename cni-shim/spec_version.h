// SPDX-License-Identifier: Apache-2.0
// The versions of the CNI specification this plugin speaks; what differs between them is asked of them here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace overlay::cni {

/// In the order of their publication.
enum class SpecVersion : std::uint8_t { v0_3_0, v0_3_1, v0_4_0, v1_0_0, v1_1_0 };

inline constexpr std::array all_spec_versions{SpecVersion::v0_3_0, SpecVersion::v0_3_1, SpecVersion::v0_4_0,
                                              SpecVersion::v1_0_0, SpecVersion::v1_1_0};
inline constexpr SpecVersion newest_spec_version = SpecVersion::v1_1_0;

/// "1.1.0"
std::string_view text(SpecVersion version);
/// Nothing for a version that is not in the list above.
std::optional<SpecVersion> parse_spec_version(std::string_view text);

/// An entry of `ips` says "version": "4" or "6"; gone since 1.0.0.
inline bool has_ip_version(SpecVersion version) { return version < SpecVersion::v1_0_0; }
/// An interface says its MTU; new in 1.1.0.
inline bool has_interface_mtu(SpecVersion version) { return version >= SpecVersion::v1_1_0; }

}  // namespace overlay::cni
