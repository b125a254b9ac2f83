// SPDX-License-Identifier: Apache-2.0
// Which peers a kernel is programmed for, so that the change of one costs what that one needs and not what
// all do. Pure.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "overlay/plan/diff.h"
#include "overlay/plan/intent.h"

namespace overlay::plan {

/// A peer as it is now; nothing when it has gone.
struct PeerChange {
  NodeId id;
  std::optional<Peer> peer;
};

class PeerBook {
 public:
  /// The kernel holds all that `intent` wants, of which no two peers claim the same.
  void reset(Intent intent) { base_ = std::move(intent); }
  /// That is not so.
  void forget() { base_.reset(); }

  /// What leads from these peers as they were to as they are, where the kernel holds `made`; takes note of
  /// it. Nothing when that cannot be told from them alone (one claims what is another's) or forget() came
  /// last: it takes a full pass.
  std::optional<std::vector<Operation>> change(const std::vector<PeerChange>& changes, const Objects& made);

 private:
  std::optional<Intent> base_;
};

}  // namespace overlay::plan
