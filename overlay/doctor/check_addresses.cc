// SPDX-License-Identifier: Apache-2.0
// Whether there are addresses left.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

namespace {

constexpr double nearly_full = 0.9;

}  // namespace

Findings check_addresses(const Evidence& evidence) {
  if (!evidence.daemon) return {ok("not asked, for no overlayd answers")};
  const auto& own = evidence.daemon->status.ipam();
  double free_blocks = 0;
  for (const auto& pool : evidence.daemon->ipam.pools()) free_blocks += pool.free_blocks();
  if (!evidence.daemon->ipam.pools().empty() && free_blocks == 0) {
    return {fail("the pools have no free block: a host that is new or full gets none",
                 "add a pool: overlayctl ipam extend CIDR")};
  }
  if (own.addresses() > nearly_full * own.capacity()) {
    return {warn("more than nine tenths of this host's addresses are leased",
                 "wait for its next block, or look who keeps them: overlayctl ipam addresses")};
  }
  return {ok("there are free blocks, and free addresses in this host's")};
}

}  // namespace overlay::doctor
