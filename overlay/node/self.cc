// SPDX-License-Identifier: Apache-2.0
// What a node says of itself: to the others, and whether it can serve.
#include "overlay/node/impl.h"

namespace overlay::node {

void Node::Impl::describe(Time now) {
  if (!context.chain || !context.underlay || !registration.may_describe()) return;
  wire::NodeInfo info;
  info.name = context.config.name;
  info.zone = context.config.zone;
  info.version = context.config.version;
  for (const std::uint16_t port : context.config.listen_ports)
    info.endpoints.push_back({context.underlay->address, port});
  info.underlay = {context.underlay->address};
  info.underlay.insert(info.underlay.end(), context.underlay->also.begin(), context.underlay->also.end());
  info.vtep_mac = vtep_mac(context.id);
  info.host_uid = context.host_uid;
  for (const auto& [family, home] : context.home) info.hosts.push_back(home.address());
  info.features = consensus::newest_feature_level;
  info.lapsed = registration.lapsed();
  info.leaving = context.departure.leaving;
  if (context.encrypts()) {
    info.wireguard = {context.wireguard, context.encryption.port, {}};
    for (const plan::PairRoot& root : context.config.pair_roots) info.wireguard->secrets.push_back(root.id);
  }
  context.mesh->describe(info, now);
}

std::vector<std::string> Node::Impl::waiting_for() const {
  std::vector<std::string> out;
  const auto add = [&](std::string reason) {
    if (!reason.empty()) out.push_back(std::move(reason));
  };
  add(cluster.waiting_for());
  if (const std::string closed = departure.closed(); !closed.empty()) {
    const std::string waits = departure.waiting_for();
    add("an operator: " + closed + (waits.empty() ? "" : "; it waits for " + waits));
  }
  add(decrees.waiting_for());
  add(registration.waiting_for());
  if (!context.underlay) add("an underlay address: there is no default route; give --underlay-address");
  if (context.registered && !context.departure.leaving) add(blocks.waiting_for());
  if (context.chain && context.underlay && !context.kernel) add("the kernel to be programmed");
  if (context.kernel && !*context.kernel) add("the kernel: " + context.kernel->error().text);
  return out;
}

void Node::Impl::report_readiness() {
  const bool ready = waiting_for().empty();
  if (ready == was_ready) return;
  was_ready = ready;
  context.say({ready ? Event::Level::info : Event::Level::warning, "node", context.config.name,
               ready ? "waiting" : "ready", ready ? "ready" : "waiting", ready ? "" : waiting_for().front()});
}

}  // namespace overlay::node
