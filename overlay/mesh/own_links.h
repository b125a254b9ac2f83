// SPDX-License-Identifier: Apache-2.0
// What this node announces of its own links, and when: a loss at once, a new link when it has held for a
// while, and never often. So a flapping link, or a thousand callers that stay for a moment, cannot flood the
// cluster.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "overlay/base/time.h"
#include "overlay/wire/record.h"

namespace overlay::mesh {

class OwnLinks {
 public:
  /// The links there are now, in a cluster of so many nodes. Returns what is to be announced now, if
  /// anything.
  std::optional<wire::LinkSet> update(const std::set<NodeId>& links, std::size_t members, Time now);
  /// When update() is to be called again.
  Time due() const { return due_; }
  /// Something changed that it cannot know of.
  void look_at(Time when) { due_ = std::min(due_, when); }
  /// The last announcement counts for nothing any more.
  void forget() { announced_.reset(); }
  /// As last announced.
  const std::set<NodeId>& announced() const;

 private:
  std::set<NodeId> stable(const std::set<NodeId>& links, std::size_t members, Time now);

  std::optional<std::set<NodeId>> announced_;
  std::map<NodeId, Time> announce_at_;  // links that are up but must first prove stable
  std::set<NodeId> ever_linked_;        // while the cluster is small
  Duration throttle_{};
  Time published_;
  Time due_ = Time::max();
};

}  // namespace overlay::mesh
