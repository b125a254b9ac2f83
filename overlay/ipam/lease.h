// SPDX-License-Identifier: Apache-2.0
// A lease: the addresses one interface of one container holds.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "overlay/addr/ip.h"
#include "overlay/base/time.h"

namespace overlay::ipam {

/// Who holds it (CNI spec: network name, CNI_CONTAINERID, CNI_IFNAME).
struct LeaseKey {
  std::string network;
  std::string container;
  std::string interface;

  friend auto operator<=>(const LeaseKey&, const LeaseKey&) = default;
};

struct Lease {
  LeaseKey key;
  std::vector<Ip> addresses;  // one of each family of the pools, IPv4 first
  WallTime since;             // for people

  friend bool operator==(const Lease&, const Lease&) = default;
};

}  // namespace overlay::ipam
