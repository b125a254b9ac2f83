// SPDX-License-Identifier: Apache-2.0
// What operators of this node ask of the cluster: to forget a dead node, to recover from the loss of the
// voters. A wish is said to a voter until its decree has come; asking again for what is decreed is done at
// once.
#pragma once

#include <map>

#include "overlay/node/decrees.h"

namespace overlay::node {

class Wishes {
 public:
  Wishes(Context& context, Decrees& decrees) : context_(context), decrees_(decrees) {}

  /// What forget() would do. Errc::not_found, Errc::conflict or Errc::refused say which name is wrong and
  /// why.
  [[nodiscard]] Result<ForgetPlan> plan(const ForgetRequest& request, Time now) const;
  /// Answers the call when the decree is here, or with what is against it.
  void forget(CallId call, const ForgetRequest& request, Time now);
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

  Result<ForgetPlan::Node> find(const std::string& name) const;
  Status check_dead(const ForgetPlan::Node& node) const;
  Status check_recovery(const std::string& cluster) const;
  void ask(const RequestId& request, Pending& pending, Time now);
  void answer(CallId call, const Status& status);
  std::string why_late() const;

  Context& context_;
  Decrees& decrees_;
  std::map<RequestId, Pending> pending_;
};

}  // namespace overlay::node
