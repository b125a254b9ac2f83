// SPDX-License-Identifier: Apache-2.0
// The few fields of Kubernetes objects that matter here, read from the API's JSON. All else is let go at
// once, so a Node of many kilobytes costs some hundred bytes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/addr/prefix.h"
#include "overlay/base/bytes.h"
#include "overlay/base/result.h"

namespace overlay::kube {

/// Of the condition NetworkUnavailable, when overlayd has set it to False.
inline constexpr std::string_view up_reason = "OverlayIsUp";
/// Taints that mean: no pods here before overlayd is up. The second is of the prefix that the cluster
/// autoscaler takes for temporary.
inline constexpr std::string_view startup_taints[] = {
    "overlay-system/agent-not-ready",
    "startup-taint.cluster-autoscaler.kubernetes.io/overlay-agent-not-ready"};

struct Node {
  std::string name;
  std::string uid;
  std::vector<Ip> addresses;        // InternalIP
  std::vector<Prefix> pod_cidrs;    // at most one of each family
  bool is_up = false;               // NetworkUnavailable is False, by overlayd
  std::vector<std::string> taints;  // their keys, in the object's order

  friend bool operator==(const Node&, const Node&) = default;
};

/// One answer to a list request.
struct NodePage {
  std::vector<Node> nodes;
  std::string version;  // what a watch goes on from
  std::string next;     // token of the next page; empty: that was all
};

struct NodeEvent {
  enum class Kind { changed, deleted, bookmark, expired, failed };
  Kind kind = Kind::failed;
  Node node;            // changed, deleted
  std::string version;  // changed, deleted, bookmark
  std::string error;    // failed
};

/// coordination.k8s.io/v1 Lease.
struct Lease {
  std::string holder;
  std::string renewed;  // as its holder wrote it
  std::string acquired;
  std::int64_t transitions = 0;
  std::string version;

  friend bool operator==(const Lease&, const Lease&) = default;
};

/// The one object that says which cluster there is.
struct GenesisObject {
  Bytes record;
  std::string cluster;  // its id, for people
  std::string pools;    // likewise
};

[[nodiscard]] Result<NodePage> parse_node_page(std::string_view body);
[[nodiscard]] Result<NodeEvent> parse_node_event(std::string_view line);
[[nodiscard]] Result<Lease> parse_lease(std::string_view body);
[[nodiscard]] Result<GenesisObject> parse_genesis(std::string_view body);
/// The values of a Secret by their keys.
[[nodiscard]] Result<std::map<std::string, std::string>> parse_secret(std::string_view body);

/// RFC 4648, with padding.
[[nodiscard]] Result<Bytes> from_base64(std::string_view text);

}  // namespace overlay::kube
