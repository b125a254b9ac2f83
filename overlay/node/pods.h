// SPDX-License-Identifier: Apache-2.0
// Pod addresses: the local API's calls to lease, check and release them. A lease is on disk before it is
// answered.
#pragma once

#include "overlay/node/context.h"

namespace overlay::node {

class Pods {
 public:
  explicit Pods(Context& context) : context_(context) {}

  /// Why an ADD may be refused, as the node knows it at this moment.
  struct Obstacles {
    std::string waiting_for;    // the node cannot serve yet
    std::string block_refusal;  // why it got no further block
  };
  void lease(CallId call, const ipam::LeaseKey& key, const Obstacles& obstacles, WallTime wall, Time now);
  void check(CallId call, const ipam::LeaseKey& key);
  void release(CallId call, const ipam::LeaseKey& key, Time now);

 private:
  LeaseAnswer answer(const ipam::Lease& lease) const;
  void reply(CallId call, Result<std::optional<LeaseAnswer>> result);

  Context& context_;
};

}  // namespace overlay::node
