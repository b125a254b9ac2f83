// SPDX-License-Identifier: Apache-2.0
// One more address of this host in the pools, leased under a key that no pod can have (host_attachment()) and
// held by overlay0; it stays through restarts until the operator takes it back.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "overlay/node/context.h"

namespace overlay::node {

class Exposure {
 public:
  explicit Exposure(Context& context) : context_(context) {}

  /// One of each family, `wanted` among them; those there are, where there are some. Answered when the kernel
  /// has them. `waiting_for`: why this node cannot lease now; `block_refusal`: why it got no further block.
  void expose(CallId call, const std::optional<Ip>& wanted, const std::string& waiting_for,
              const std::string& block_refusal, WallTime wall, Time now);
  /// Gives them back, and answers which they were when the kernel has let go of them. Errc::not_found where
  /// `which` is none of them; that there are none is no error.
  void hide(CallId call, const std::optional<Ip>& which, Time now);
  void hide(Time now);
  /// The kernel has what was wanted by now, or could not be given it.
  void kernel_reconciled(const Status& done);

 private:
  Status may_expose(const std::optional<Ip>& wanted) const;
  const ipam::Lease* lease() const { return context_.leases.find(host_attachment()); }
  void answer_when_done(CallId call, const ipam::Lease& lease);

  Context& context_;
  std::vector<std::pair<CallId, ipam::Lease>> waiting_;  // for the kernel
};

}  // namespace overlay::node
