// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/pods.h"

namespace overlay::node {

void Pods::reply(CallId call, Result<std::optional<LeaseAnswer>> result) {
  context_.out.effects.push_back(Answer{call, std::move(result)});
}

LeaseAnswer Pods::answer(const ipam::Lease& lease) const {
  return {lease, pod_mac(lease.addresses.front()), bridge_mac(context_.id), context_.mtu(),
          context_.chain->genesis().pools};
}

void Pods::lease(CallId call, const ipam::LeaseKey& key, const Obstacles& obstacles, WallTime wall,
                 Time now) {
  if (!obstacles.waiting_for.empty()) {
    reply(call, fail(Errc::unavailable, "this node is not ready; it waits for " + obstacles.waiting_for));
    return;
  }
  const bool is_new = context_.leases.find(key) == nullptr;
  auto leased = context_.leases.add(key, wall, context_.supply(), now);
  if (!leased) {
    Error error = std::move(leased).error();
    if (!obstacles.block_refusal.empty()) error.text += ": " + obstacles.block_refusal;
    reply(call, std::move(error));
    return;
  }
  if (is_new) {
    context_.persist(wire::LeaseEntry{*leased});
    context_.kernel_dirty = true;
    context_.say({Event::Level::info, "lease", leased->addresses.front().text(), "free", "leased",
                  key.container + " " + key.interface});
  }
  reply(call, std::optional(answer(*leased)));
}

void Pods::check(CallId call, const ipam::LeaseKey& key) {
  const ipam::Lease* lease = context_.leases.find(key);
  if (lease == nullptr || !context_.chain) {
    reply(call, fail(Errc::not_found, "no address is leased to " + key.interface + " of container " +
                                          key.container + " in network " + key.network));
    return;
  }
  reply(call, std::optional(answer(*lease)));
}

void Pods::release(CallId call, const ipam::LeaseKey& key, Time now) {
  if (const auto released = context_.leases.release(key, now)) {
    context_.persist(wire::ReleaseEntry{key, now});
    context_.kernel_dirty = true;
    context_.say({Event::Level::info, "lease", released->addresses.front().text(), "leased", "cooling",
                  key.container + " " + key.interface});
  }
  reply(call, std::optional<LeaseAnswer>());
}

}  // namespace overlay::node
