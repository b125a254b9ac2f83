// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/election.h"

#include "overlay/kube/requests.h"

namespace overlay::kube {

std::optional<Lease> Election::look(const std::optional<Lease>& lease, WallTime wall, Time now) {
  Lease out = lease.value_or(Lease());
  if (out.version != seen_version_) {
    seen_version_ = out.version;
    seen_ = now;
  }
  const bool is_mine = out.holder == self_;
  const bool is_free = !lease || out.holder.empty() || now - seen_ >= lease_duration;
  if (!is_mine && !is_free) {
    lost();
    return std::nullopt;
  }
  out.renewed = api_micro_time(wall);
  if (is_mine && !out.acquired.empty()) return out;
  out.holder = self_;
  out.acquired = out.renewed;
  if (lease) ++out.transitions;
  return out;
}

}  // namespace overlay::kube
