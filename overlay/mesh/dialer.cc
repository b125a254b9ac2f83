// SPDX-License-Identifier: Apache-2.0
#include "overlay/mesh/dialer.h"

#include <algorithm>

namespace overlay::mesh {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_step = 100ms;
constexpr Duration last_step = 5s;        // so that a healed cut is found soon after
constexpr std::size_t told_limit = 1024;  // strangers may call from any number of addresses
constexpr Duration smaller_id_lead =
    2s;  // of two that find each other the smaller id calls; the other waits this long

}  // namespace

Dialer::Dialer(const Self& self, std::vector<HostPort> join, Rng& rng, Sessions& sessions)
    : self_(self), rng_(rng), sessions_(sessions) {
  for (HostPort& address : join) {
    Target target;
    target.address = std::move(address);
    targets_.push_back(std::move(target));
  }
}

void Dialer::want(const std::map<NodeId, std::vector<Endpoint>>& neighbours, Time now) {
  endpoints_ = neighbours;
  std::erase_if(neighbours_, [&](const auto& entry) { return !neighbours.contains(entry.first); });
  for (const auto& [peer, endpoints] : neighbours) {
    const auto [attempt, added] = neighbours_.try_emplace(peer);
    if (added) attempt->second.next = self_.id < peer ? now : now + smaller_id_lead;
  }
}

void Dialer::changed(const SessionChange& change, Time now) {
  const bool up = change.kind == SessionChange::Kind::established;
  for (Target& target : targets_) {
    if (target.session != change.session) continue;
    if (change.is_self) target.is_self = true;
    if (!change.peer.is_zero()) target.peer = change.peer;
    if (!up) failed(target, change.is_spare ? "" : change.reason, now);
  }
  const auto wanted = neighbours_.find(change.peer);
  for (auto& [peer, attempt] : neighbours_) {
    if (attempt.session == change.session && !up) failed(attempt, change.is_spare ? "" : change.reason, now);
  }
  if (wanted != neighbours_.end() && !up && wanted->second.session != change.session) {
    // A session the peer had opened is gone: call back soon, the smaller id first.
    wanted->second.next = std::max(wanted->second.next, self_.id < change.peer ? now : now + smaller_id_lead);
  }
  if (!up) return;
  const auto reset = [](Attempt& attempt) { attempt.step = Duration{}, attempt.error.clear(); };
  for (Target& target : targets_) {
    if (target.peer == change.peer) reset(target);
  }
  if (wanted != neighbours_.end()) reset(wanted->second);
}

void Dialer::failed(Attempt& attempt, const std::string& error, Time now) {
  attempt.session.reset();
  attempt.step = attempt.step == Duration{} ? first_step : std::min(attempt.step * 2, last_step);
  attempt.next = now + rng_.between(attempt.step / 2, attempt.step);
  attempt.error = error;
  attempt.since = now;
}

bool Dialer::due(const Target& target, Time now) const {
  return !target.is_self && !target.session && target.next <= now &&
         (target.peer.is_zero() || sessions_.with(target.peer) == nullptr);
}

bool Dialer::due(const NodeId& peer, const Attempt& attempt, Time now) const {
  return !attempt.session && attempt.next <= now && !sessions_.busy_with(peer);
}

void Dialer::tick(Time now) {
  for (Target& target : targets_) {
    if (due(target, now)) target.session = sessions_.dial(target.address, now);
  }
  for (auto& [peer, attempt] : neighbours_) {
    if (due(peer, attempt, now)) call_neighbour(peer, attempt, now);
  }
}

void Dialer::call_neighbour(const NodeId& peer, Attempt& attempt, Time now) {
  const auto& endpoints = endpoints_.at(peer);
  if (endpoints.empty()) {
    failed(attempt, "its record names no address to call", now);
    return;
  }
  const Endpoint& endpoint = endpoints[rng_.below(endpoints.size())];
  attempt.session = sessions_.dial({endpoint.address.text(), endpoint.port}, now);
}

Time Dialer::next_deadline() const {
  Time next = Time::max();
  for (const Target& target : targets_) {
    if (due(target, target.next)) next = std::min(next, target.next);
  }
  for (const auto& [peer, attempt] : neighbours_) {
    if (due(peer, attempt, attempt.next)) next = std::min(next, attempt.next);
  }
  return next;
}

bool Dialer::all_targets_answered() const {
  return std::all_of(targets_.begin(), targets_.end(), [&](const Target& target) {
    return target.is_self || (!target.peer.is_zero() && sessions_.with(target.peer) != nullptr);
  });
}

bool Dialer::is_news(const std::string& who, const std::string& error) {
  if (told_.size() > told_limit) told_.clear();
  auto& told = told_[who];
  if (told == error) return false;
  told = error;
  return true;
}

}  // namespace overlay::mesh
