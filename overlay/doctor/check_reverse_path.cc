// SPDX-License-Identifier: Apache-2.0
// Reverse path filtering (RFC 3704).
#include <algorithm>

#include "overlay/doctor/checks.h"

namespace overlay::doctor {

namespace {

constexpr int strict = 1;

}  // namespace

Findings check_reverse_path(const Evidence& evidence) {
  // The kernel takes the larger of the two (Documentation/networking/ip-sysctl.rst).
  const int value = std::max(number_of(evidence, "net/ipv4/conf/all/rp_filter"),
                             number_of(evidence, "net/ipv4/conf/overlay.vx/rp_filter"));
  if (value != strict || find_device(evidence, "overlay.vx") == nullptr)
    return {ok("not strict on overlay.vx")};
  return {warn("strict on overlay.vx: packets are dropped that come another way than answers go",
               "make it loose: sysctl -w net/ipv4/conf/overlay.vx/rp_filter=2")};
}

}  // namespace overlay::doctor
