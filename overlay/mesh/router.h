// SPDX-License-Identifier: Apache-2.0
// Carries a statement for one node hop by hop along the link-state path; the reply goes back the way the
// request came. Nothing is retried here: who asked asks again under the same request id.
#pragma once

#include <vector>

#include "overlay/mesh/reach.h"
#include "overlay/mesh/sessions.h"

namespace overlay::mesh {

class Router {
 public:
  Router(const Self& self, Sessions& sessions) : self_(self), sessions_(sessions) {}

  /// False when there is no way there now.
  bool send(const NodeId& to, Bytes statement, const Reach& reach);
  /// Back the way `request` came, which is to `to`.
  void reply(const wire::Routed& request, const NodeId& to, Bytes statement, const Reach& reach);
  /// Takes it when it is for us, passes it on otherwise; without a way on it is dropped.
  void hear(wire::Routed message, const Reach& reach);

  /// What arrived for this node.
  std::vector<wire::Routed> take_deliveries() { return std::exchange(deliveries_, {}); }

 private:
  bool pass_on(wire::Routed message, const Reach& reach);
  const Session* next_hop(wire::Routed& message, const Reach& reach) const;

  const Self& self_;
  Sessions& sessions_;
  std::vector<wire::Routed> deliveries_;
};

}  // namespace overlay::mesh
