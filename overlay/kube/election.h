// SPDX-License-Identifier: Apache-2.0
// Which node acts for all, by a Lease. A lease counts as held until it has not changed for its duration by
// this node's own clock, so the machines' clocks need not agree. Two leaders at once would be harmless: what
// they ask for is the same, and the voters decide.
#pragma once

#include <optional>
#include <string>

#include "overlay/base/time.h"
#include "overlay/kube/objects.h"

namespace overlay::kube {

inline constexpr std::chrono::seconds lease_duration(60);
/// How often it is looked at, and renewed by its holder.
inline constexpr std::chrono::seconds lease_look(15);

class Election {
 public:
  explicit Election(std::string self) : self_(std::move(self)) {}

  /// What to write, having seen the lease as it is (nothing: there is none); nothing: it is another's.
  std::optional<Lease> look(const std::optional<Lease>& lease, WallTime wall, Time now);
  /// It was written.
  void won(Time now) { renewed_ = now; }
  /// Another has written it, or it could not be written.
  void lost() { renewed_.reset(); }
  /// Whether this node may act: well within the time that others wait.
  bool leads(Time now) const { return renewed_ && now - *renewed_ < lease_duration * 2 / 3; }

 private:
  std::string self_;
  std::string seen_version_;
  Time seen_;  // when the version first was
  std::optional<Time> renewed_;
};

}  // namespace overlay::kube
