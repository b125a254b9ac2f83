// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/exposure.h"

#include <algorithm>
#include <utility>

namespace overlay::node {
namespace {

bool holds(const ipam::Lease& lease, const Ip& address) {
  return std::find(lease.addresses.begin(), lease.addresses.end(), address) != lease.addresses.end();
}

std::string list_of(const ipam::Lease& lease) {
  std::string out;
  for (const Ip& address : lease.addresses) out += (out.empty() ? "" : ", ") + address.text();
  return out;
}

}  // namespace

void Exposure::expose(CallId call, const std::optional<Ip>& wanted, const std::string& waiting_for,
                      const std::string& block_refusal, WallTime wall, Time now) {
  const auto refuse = [&](Error error) { context_.answer(call, Status(std::move(error))); };
  if (const Status may = may_expose(wanted); !may) return refuse(may.error());
  if (const ipam::Lease* held = lease()) return answer_when_done(call, *held);
  if (!waiting_for.empty())
    return refuse(fail(Errc::unavailable, "this node is not ready; it waits for " + waiting_for));
  ipam::LeaseRequest request(host_attachment());
  if (wanted) request.addresses = {*wanted};
  auto leased = context_.leases.add(request, wall, context_.supply(), now);
  if (!leased) {
    const bool lacks_space =
        leased.error().code == Errc::exhausted || leased.error().code == Errc::unavailable;
    const std::string why = lacks_space && !block_refusal.empty() ? ": " + block_refusal : "";
    return refuse(fail(leased.error().code, leased.error().text + why));
  }
  context_.persist(wire::LeaseEntry{*leased});
  context_.say({Event::Level::info, "lease", list_of(*leased), "free", "leased", "this host itself"});
  answer_when_done(call, *leased);
}

Status Exposure::may_expose(const std::optional<Ip>& wanted) const {
  if (!wanted) return {};
  const auto families = context_.supply().families;
  if (std::find(families.begin(), families.end(), wanted->family()) == families.end()) {
    return fail(Errc::conflict, wanted->text() + " is in no pool: they have no " +
                                    std::string(name(wanted->family())) + " addresses");
  }
  const ipam::Lease* held = lease();
  if (held == nullptr || holds(*held, *wanted)) return {};
  return fail(Errc::conflict, context_.config.name + " is exposed as " + list_of(*held) +
                                  " already: 'overlayctl hide' takes that back first");
}

void Exposure::hide(CallId call, const std::optional<Ip>& which, Time now) {
  const ipam::Lease* held = lease();
  if (which && (held == nullptr || !holds(*held, *which))) {
    const std::string what = held == nullptr ? "it is under no address" : "it is as " + list_of(*held);
    return context_.answer(call, fail(Errc::not_found, context_.config.name + " is not exposed as " +
                                                           which->text() + ": " + what));
  }
  if (held == nullptr) return context_.answer(call, {});
  const ipam::Lease had = *held;
  hide(now);
  answer_when_done(call, had);
}

void Exposure::hide(Time now) {
  const auto released = context_.leases.release(host_attachment(), now);
  if (!released) return;
  context_.persist(wire::ReleaseEntry{released->key, now});
  context_.kernel_dirty = true;
  context_.say({Event::Level::info, "lease", list_of(*released), "leased", "cooling", "this host itself"});
}

void Exposure::answer_when_done(CallId call, const ipam::Lease& lease) {
  context_.kernel_dirty = true;
  waiting_.emplace_back(call, lease);
}

void Exposure::kernel_reconciled(const Status& done) {
  for (const auto& [call, lease] : std::exchange(waiting_, {})) {
    Result<std::optional<LeaseAnswer>> result = std::optional(LeaseAnswer{lease, {}, 0, {}});
    if (!done) result = fail(done.error().code, "the kernel: " + done.error().text + "; it is tried again");
    context_.out.effects.push_back(Answer{call, std::move(result)});
  }
}

}  // namespace overlay::node
