// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/disk.h"

#include <algorithm>

namespace overlay::sim {

void Disk::synced(std::size_t count) { durable_ = std::max(durable_, count); }

void Disk::compact(std::vector<Bytes> snapshot) {
  entries_ = std::move(snapshot);
  durable_ = entries_.size();
}

void Disk::process_died(std::size_t written, Rng& rng) {
  durable_ = std::max(durable_, written);
  power_lost(rng);
}

void Disk::power_lost(Rng& rng) {
  const std::size_t at_risk = entries_.size() - durable_;
  entries_.resize(durable_ + rng.below(at_risk + 1));
  durable_ = entries_.size();
}

}  // namespace overlay::sim
