// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/node_watch.h"

#include <utility>

namespace overlay::kube {

Status NodeWatch::listed(const Answer& answer) {
  if (!answer.ok()) {
    const Error error = explain(list(), answer);
    if (answer.status == gone) next_.clear(), listed_.clear();
    return error;
  }
  OVERLAY_TRY(NodePage page, parse_node_page(answer.body));
  for (Node& node : page.nodes) {
    std::string name = node.name;
    listed_.insert_or_assign(std::move(name), std::move(node));
  }
  next_ = std::move(page.next);
  if (!next_.empty()) return {};
  version_ = std::move(page.version);
  nodes_ = std::exchange(listed_, {});
  complete_ = true;
  return {};
}

Result<bool> NodeWatch::heard(std::string_view line) {
  OVERLAY_TRY(NodeEvent event, parse_node_event(line));
  switch (event.kind) {
    case NodeEvent::Kind::expired:
      expired();
      return fail(Errc::unavailable, event.error);
    case NodeEvent::Kind::failed:
      return fail(Errc::unavailable, "the API server ended a watch: " + event.error);
    case NodeEvent::Kind::bookmark:
      version_ = std::move(event.version);
      return false;
    case NodeEvent::Kind::deleted:
      version_ = std::move(event.version);
      return nodes_.erase(event.node.name) > 0;
    case NodeEvent::Kind::changed:
      break;
  }
  version_ = std::move(event.version);
  Node& known = nodes_[event.node.name];
  if (known == event.node) return false;
  known = std::move(event.node);
  return true;
}

}  // namespace overlay::kube
