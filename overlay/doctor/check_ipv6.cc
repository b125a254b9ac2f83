// SPDX-License-Identifier: Apache-2.0
// An IPv6 pool on a host without IPv6.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_ipv6(const Evidence& evidence) {
  if (!has_pool(evidence, Family::v6)) return {ok("the cluster has no IPv6 pool")};
  const bool there = evidence.settings.contains("net/ipv6/conf/all/forwarding");
  if (there && number_of(evidence, "net/ipv6/conf/all/disable_ipv6") == 0)
    return {ok("on, as the pool wants")};
  return {fail("the cluster has an IPv6 pool and IPv6 is off on this host",
               "sysctl -w net.ipv6.conf.all.disable_ipv6=0, or boot without ipv6.disable=1")};
}

}  // namespace overlay::doctor
