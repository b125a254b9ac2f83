// SPDX-License-Identifier: Apache-2.0
// A lease: the addresses one interface of one container holds.
#pragma once

#include <optional>
#include <vector>

#include "overlay/addr/attachment.h"
#include "overlay/addr/ip.h"
#include "overlay/addr/mac.h"
#include "overlay/base/time.h"

namespace overlay::ipam {

/// Who holds it.
using LeaseKey = Attachment;

/// What is asked for; the key alone asks for any address of each family.
struct LeaseRequest {
  LeaseRequest(LeaseKey key_) : key(std::move(key_)) {}  // NOLINT(google-explicit-constructor)

  LeaseKey key;
  std::vector<Ip> addresses;  // these, at most one of each family
  std::optional<Mac> mac;     // of the interface, instead of the one derived from its address
  bool without_ipv6 = false;  // IPv4 only, whatever the pools
  bool masquerade = true;     // towards what lies outside the pools
};

struct Lease {
  LeaseKey key;
  std::vector<Ip> addresses;  // one of each family, IPv4 first
  WallTime since;             // for people
  Mac mac = {};               // of the interface
  bool masquerade = true;     // towards what lies outside the pools

  friend bool operator==(const Lease&, const Lease&) = default;
};

}  // namespace overlay::ipam
