// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/pods.h"

#include <utility>

namespace overlay::node {

void Pods::reply(CallId call, Result<std::optional<LeaseAnswer>> result) {
  context_.out.effects.push_back(Answer{call, std::move(result)});
}

LeaseAnswer Pods::answer(const ipam::Lease& lease) const {
  return {lease, bridge_mac(context_.id), context_.mtu(), context_.chain->pools()};
}

void Pods::lease(CallId call, const ipam::LeaseRequest& request, const Obstacles& obstacles, WallTime wall,
                 Time now) {
  const ipam::LeaseKey& key = request.key;
  const bool is_new = context_.leases.find(key) == nullptr;
  if (is_new && !obstacles.closed.empty()) return reply(call, fail(Errc::unavailable, obstacles.closed));
  if (!obstacles.waiting_for.empty()) {
    reply(call, fail(Errc::unavailable, "this node is not ready; it waits for " + obstacles.waiting_for));
    return;
  }
  auto leased = context_.leases.add(request, wall, context_.supply(), now);
  if (!leased) {
    Error error = std::move(leased).error();
    const bool lacks_space = error.code == Errc::exhausted || error.code == Errc::unavailable;
    if (lacks_space && !obstacles.block_refusal.empty()) error.text += ": " + obstacles.block_refusal;
    reply(call, std::move(error));
    return;
  }
  reply(call, std::optional(answer(*leased)));
  if (!is_new) return;
  context_.persist(wire::LeaseEntry{*leased});
  // Whoever keeps its own source is not to wait for that until its first packet is gone.
  (leased->masquerade ? context_.pods_dirty : context_.kernel_dirty) = true;
  context_.say({Event::Level::info, "lease", leased->addresses.front().text(), "free", "leased",
                key.container + " " + key.interface});
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

/// Nobody waits for the disk: a release that a crash of the machine takes away leaves a lease without a pod,
/// and that is reaped.
void Pods::free(const ipam::LeaseKey& key, std::string_view why, Time now) {
  const auto released = context_.leases.release(key, now);
  if (!released) return;
  context_.persist(wire::ReleaseEntry{key, now}, false);
  context_.pods_dirty = true;
  context_.say({Event::Level::info, "lease", released->addresses.front().text(), "leased", "cooling",
                key.container + " " + key.interface + std::string(why)});
}

void Pods::release(CallId call, const ipam::LeaseKey& key, Time now) {
  free(key, "", now);
  reply(call, std::optional<LeaseAnswer>());
}

void Pods::collect(CallId call, const std::string& network, const std::set<ipam::LeaseKey>& valid, Time now) {
  for (const ipam::Lease& lease : context_.leases.all()) {
    if (lease.key.network == network && !valid.contains(lease.key)) free(lease.key, ", collected", now);
  }
  reply(call, std::optional<LeaseAnswer>());
}

void Pods::look(const std::set<std::string>& present, Time now) {
  std::map<ipam::LeaseKey, Absence> absent;
  for (const ipam::Lease& lease : context_.leases.all()) {
    if (lease.key == host_attachment() || present.contains(host_interface(lease.key))) continue;
    const auto before = absent_.find(lease.key);
    Absence absence = before == absent_.end() ? Absence{now} : before->second;
    ++absence.looks;
    if (absence.looks >= looks_min && now >= absence.since + context_.config.reap_after) {
      free(lease.key, ", which lost its interface without a DEL", now);
    } else {
      absent[lease.key] = absence;
    }
  }
  absent_ = std::move(absent);
  look_for_strangers(present, now);
}

/// At the first look only: later an interface without a lease is one that a DEL is about to remove.
void Pods::look_for_strangers(const std::set<std::string>& present, Time now) {
  const std::set<std::string> before = std::exchange(context_.strangers, {});
  if (looked_ && before.empty()) return;
  for (const std::string& name : present) {
    if (is_host_interface(name) && (!looked_ || before.contains(name))) context_.strangers.insert(name);
  }
  for (const ipam::Lease& lease : context_.leases.all()) context_.strangers.erase(host_interface(lease.key));
  if (looked_ && !context_.strangers.empty()) return;
  looked_ = true;
  context_.doubt_blocks(now);
}

}  // namespace overlay::node
