// SPDX-License-Identifier: Apache-2.0
// What overlayd answers the plugin (proto/overlay/v1/control.proto), without protobuf.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/addr/attachment.h"
#include "overlay/addr/ip.h"
#include "overlay/addr/mac.h"
#include "overlay/addr/prefix.h"
#include "overlay/base/result.h"

namespace overlay::cni {

/// overlay.v1.Lease
struct Lease {
  std::vector<Ip> addresses;  // at least one
  Mac mac;                    // of the pod's interface
  Mac gateway_mac;            // of the bridge
  std::uint32_t mtu = 0;      // bytes
  std::vector<Prefix> pools;  // of the cluster
};

/// Errc::invalid when a field is missing or unusable.
[[nodiscard]] Result<Lease> parse_lease(std::string_view text);

/// overlay.v1.Failure as the error it stands for; a body that is none is quoted with the HTTP status.
Error parse_failure(unsigned int http_status, std::string_view text);

/// Who holds the addresses of an overlay.v1.Addresses.
[[nodiscard]] Result<std::set<Attachment>> parse_attachments(std::string_view text);

/// The fields of overlay.v1.Status that STATUS needs.
struct Readiness {
  bool ready = false;
  std::vector<std::string> waiting_for;
  std::string kernel_alarm;  // why the kernel cannot be kept as it should be; empty: it is
};

[[nodiscard]] Result<Readiness> parse_readiness(std::string_view text);

}  // namespace overlay::cni
