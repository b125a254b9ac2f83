// SPDX-License-Identifier: Apache-2.0
// What operators of this node ask of the cluster: a change to be decreed, or to recover from the loss of the
// voters. A wish is said to a voter until its decree has come; asking again for what is decreed is done at
// once.
#pragma once

#include <map>

#include "overlay/node/decrees.h"

namespace overlay::node {

class Wishes {
 public:
  Wishes(Context& context, Decrees& decrees) : context_(context), decrees_(decrees) {}

  /// Answers the call when the change is decreed, or with what is against it: the error that it is, or a
  /// voter's.
  void wish(CallId call, const Result<consensus::Change>& change, Time now);
  /// Appoints voters without those there were; `cluster` is the id, or how it begins.
  void recover(CallId call, const std::string& cluster, Time now);

  void hear(const Heard& heard, const wire::WishReply& reply);
  void tick(Time now);
  Time next_deadline() const;

 private:
  struct Pending {
    CallId call;
    consensus::Change change;
    Time ask_at;
    Duration step{};
    Time give_up;
  };

  Status check_recovery(const std::string& cluster) const;
  void ask(const RequestId& request, Pending& pending, Time now);
  std::string why_late() const;

  Context& context_;
  Decrees& decrees_;
  std::map<RequestId, Pending> pending_;
};

}  // namespace overlay::node
