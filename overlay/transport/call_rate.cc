// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/call_rate.h"

#include <algorithm>

namespace overlay::transport {

bool CallRate::admits(const Ip& source, Time now) {
  if (full_at_.size() >= max_sources) forget(now);
  Time& full_at = full_at_.try_emplace(Prefix::around(source, source.is_v4() ? 32 : 64), now).first->second;
  full_at = std::max(full_at, now);
  if (full_at > now + (burst - 1) * interval) return false;
  full_at += interval;
  return true;
}

void CallRate::forget(Time now) {
  std::erase_if(full_at_, [now](const auto& one) { return one.second <= now; });
  if (full_at_.size() >= max_sources) full_at_.clear();
}

}  // namespace overlay::transport
