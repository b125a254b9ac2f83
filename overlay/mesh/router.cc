// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/router.h"

#include "overlay/wire/convert.h"

namespace overlay::mesh {

bool Router::send(const NodeId& to, Bytes statement, const Reach& reach) {
  wire::Routed message;
  message.to = to;
  message.way = {self_.id};
  message.statement = std::move(statement);
  return pass_on(std::move(message), reach);
}

void Router::reply(const wire::Routed& request, const NodeId& to, Bytes statement, const Reach& reach) {
  wire::Routed message;
  message.to = to;
  message.way = request.way;
  message.reply = true;
  message.statement = std::move(statement);
  pass_on(std::move(message), reach);
}

void Router::hear(wire::Routed message, const Reach& reach) {
  if (message.to == self_.id) {
    deliveries_.push_back(std::move(message));
    return;
  }
  if (message.hops_left == 0) return;
  --message.hops_left;
  if (!message.reply) {
    if (message.way.size() >= wire::max_hops) return;
    message.way.push_back(self_.id);
  }
  pass_on(std::move(message), reach);
}

bool Router::pass_on(wire::Routed message, const Reach& reach) {
  const Session* session = next_hop(message, reach);
  if (session == nullptr) return false;
  sessions_.send(session->id, message);
  return true;
}

const Session* Router::next_hop(wire::Routed& message, const Reach& reach) const {
  if (message.reply && !message.way.empty()) {
    const NodeId previous = message.way.back();
    message.way.pop_back();
    if (const Session* session = sessions_.with(previous)) return session;
  }
  const auto hop = reach.first_hop(message.to);
  return hop ? sessions_.with(*hop) : nullptr;
}

}  // namespace overlay::mesh
