// SPDX-License-Identifier: Apache-2.0
// Every request overlayd makes of the API server; manifests/base/rbac.yaml allows these and no more.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/bytes.h"
#include "overlay/base/time.h"
#include "overlay/kube/http.h"
#include "overlay/kube/objects.h"

namespace overlay::kube {

/// The names of our objects in our namespace.
inline constexpr std::string_view secret_name = "overlay";
inline constexpr std::string_view secret_key = "secret";
inline constexpr std::string_view genesis_name = "overlay-genesis";
inline constexpr std::string_view lease_name = "overlay";

/// One page of Nodes; `name`: of this one alone, `next`: of the page before.
Request list_nodes(const std::string& name, const std::string& next);
/// Their changes since `version`, for that long.
Request watch_nodes(const std::string& name, const std::string& version, std::chrono::seconds lasting);

Request get_secret(const std::string& space);
Request make_secret(const std::string& space, const std::string& text);
Request get_genesis(const std::string& space);
Request make_genesis(const std::string& space, const GenesisObject& genesis);

/// NetworkUnavailable=False.
Request set_up(const std::string& node, WallTime now);
/// The taint at `index`, if it is still `key`.
Request remove_taint(const std::string& node, std::size_t index, const std::string& key);

struct EventText {
  std::string reason;  // CamelCase
  std::string text;
  bool is_warning = false;
};
/// About a Node.
Request make_event(const std::string& node, const EventText& event, WallTime now);

Request get_lease(const std::string& space);
Request make_lease(const std::string& space, const Lease& lease, std::chrono::seconds lasting);
/// Fails with 409 when it is not `lease.version` any more.
Request replace_lease(const std::string& space, const Lease& lease, std::chrono::seconds lasting);

Request list_service_ranges();
/// Asks for a service that cannot be had, without making it; see service_range.h.
Request probe_service_range(const std::string& space, const Ip& address);

/// "2026-01-02T03:04:05Z" and "2026-01-02T03:04:05.678000Z", the API's Time and MicroTime.
std::string api_time(WallTime time);
std::string api_micro_time(WallTime time);

}  // namespace overlay::kube
