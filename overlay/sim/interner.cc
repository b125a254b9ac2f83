// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/interner.h"

namespace overlay::sim {
namespace {

constexpr std::size_t fewest_swept = 10'000;

}  // namespace

Interner::Interner() : sweep_at_(fewest_swept) {}

Result<wire::RecordRef> Interner::read(std::string_view envelope) {
  const auto known = records_.find(envelope);
  if (known != records_.end()) return known->second;
  OVERLAY_TRY(wire::RecordRef record, Opener::read(envelope));
  if (records_.size() >= sweep_at_) sweep();
  records_.emplace(record->envelope, record);
  return record;
}

Status Interner::check_signature(const wire::Record& record, const ClusterId& cluster) {
  const auto verified = verified_.find(&record);
  if (verified != verified_.end() && verified->second == cluster) return {};
  OVERLAY_CHECK(Opener::check_signature(record, cluster));
  if (records_.contains(record.envelope) && !cluster.is_zero()) verified_[&record] = cluster;
  return {};
}

void Interner::sweep() {
  for (auto at = records_.begin(); at != records_.end();) {
    if (at->second.use_count() > 1) {
      ++at;
      continue;
    }
    verified_.erase(at->second.get());
    const wire::RecordRef last = at->second;  // its envelope is the key: it goes after it
    at = records_.erase(at);
  }
  sweep_at_ = 2 * records_.size() + fewest_swept;
}

}  // namespace overlay::sim
