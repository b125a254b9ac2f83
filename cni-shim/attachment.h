// SPDX-License-Identifier: Apache-2.0
// What the plugin asks overlayd about an attachment, as JSON.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/addr/attachment.h"
#include "overlay/addr/ip.h"
#include "overlay/addr/mac.h"

namespace overlay::cni {

/// What an ADD asks for beyond any address.
struct Wishes {
  std::vector<Ip> addresses;  // these, at most one of each family
  std::optional<Mac> mac;
  bool without_ipv6 = false;  // the container has IPv6 switched off
  bool masquerade = true;     // towards what lies outside the pools

  friend bool operator==(const Wishes&, const Wishes&) = default;
};

/// {"network": …, "container": …, "interface": …}: overlay.v1.LeaseRequest, and the content of a queued DEL.
std::string to_json(const Attachment& attachment);
/// The same, with what is wished for where that is not the usual.
std::string to_json(const Attachment& attachment, const Wishes& wishes);

/// overlay.v1.CollectRequest
std::string to_json(const std::string& network, const std::set<Attachment>& valid);

}  // namespace overlay::cni
