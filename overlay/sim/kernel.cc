// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/kernel.h"

namespace overlay::sim {

Kernel::Routes Kernel::reconcile(const plan::Intent& intent) {
  Routes wanted;
  for (const auto& peer : intent.peers) {
    for (const auto& block : peer.blocks) wanted[block] = {peer.id, peer.underlay};
  }
  Routes before = routes_;
  if (intent.keep_unknown) wanted.merge(routes_);  // what is wanted stays as wanted
  routes_ = std::move(wanted);
  cluster_ = intent.cluster;
  std::erase_if(before, [&](const auto& entry) {
    const auto now = routes_.find(entry.first);
    return now != routes_.end() && now->second.owner == entry.second.owner;
  });
  return before;
}

void Kernel::clear() {
  routes_.clear();
  cluster_.reset();
}

}  // namespace overlay::sim
