// SPDX-License-Identifier: Apache-2.0
// What the operator of this node has told it about its staying: to take no more pods, or to leave the cluster
// for good. Both are on disk before they are answered. Who leaves gives back its blocks, then its vote, and
// is removed by decree; there is no way back, for a removal that was proposed may be decided at any later
// time.
#pragma once

#include <map>
#include <string>

#include "overlay/node/context.h"
#include "overlay/node/plans.h"

namespace overlay::node {

class Departure {
 public:
  explicit Departure(Context& context) : context_(context) {}

  /// No new pods from now on; with `on` false that ends.
  void drain(CallId call, bool on);
  /// Answered when this node is out, or after a while: it goes on by itself then.
  void leave(CallId call, const Result<LeavePlan>& plan, bool at_once, Time now);
  void hear(const Heard& heard, const wire::WishReply& reply, Time now);

  void restore(const wire::DepartureEntry& entry) { context_.departure = entry; }
  void tick(Time now);
  Time next_deadline() const;

  /// It was told to leave, and is removed.
  bool has_left() const;
  /// What leaving waits for; empty when it does not leave, or nothing is in the way.
  std::string waiting_for() const;
  /// Why no new pod is taken here, with the cure; empty when they are.
  std::string closed() const;

 private:
  void put(const wire::DepartureEntry& entry);
  void answer_those_before(Time time);
  std::string lacks_voters() const;
  std::string holds_blocks() const;
  void ask_for_removal();
  void say_goodbye();

  Context& context_;
  std::map<CallId, Time> calls_;  // that wait, and until when
  RequestId request_;             // of the wish to be removed
  std::string refusal_;           // of a voter
  Time ask_at_;
  bool gone_ = false;  // that was said
};

/// Why a node that has left cannot be started again, with the cure; empty for any other.
std::string why_left(const Context& context);

}  // namespace overlay::node
