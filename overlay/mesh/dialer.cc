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
constexpr std::size_t most_contacts = 32;
constexpr std::size_t contacts_at_once = 2;

}  // namespace

Dialer::Dialer(const Self& self, std::vector<HostPort> join, Rng& rng, Sessions& sessions,
               EndpointsOf endpoints_of)
    : self_(self), rng_(rng), sessions_(sessions), endpoints_of_(std::move(endpoints_of)) {
  retarget(std::move(join));
}

void Dialer::retarget(std::vector<HostPort> join) {
  std::vector<Target> targets;
  for (HostPort& address : join) {
    const auto known = std::find_if(targets_.begin(), targets_.end(),
                                    [&](const Target& target) { return target.address == address; });
    targets.push_back(known == targets_.end() ? Target() : std::move(*known));
    targets.back().address = std::move(address);
  }
  targets_ = std::move(targets);
}

void Dialer::want(const std::map<NodeId, wire::Purpose>& neighbours, bool mutual, Time now) {
  wanted_ = neighbours;
  std::erase_if(neighbours_, [&](const auto& entry) { return !neighbours.contains(entry.first); });
  for (const auto& [peer, purpose] : neighbours) {
    const auto [attempt, added] = neighbours_.try_emplace(peer);
    if (added) attempt->second.next = !mutual || self_.id < peer ? now : now + smaller_id_lead;
  }
}

void Dialer::add_contacts(const std::vector<Endpoint>& contacts) {
  for (const Endpoint& contact : contacts) {
    if (std::find(contacts_.begin(), contacts_.end(), contact) != contacts_.end()) continue;
    contacts_.push_back(contact);
    if (contacts_.size() > most_contacts) contacts_.pop_front();
  }
}

std::optional<NodeId> Dialer::changed(const SessionChange& change, Time now) {
  const bool up = change.kind == SessionChange::Kind::established;
  for (Target& target : targets_) {
    const bool is_its = target.session == change.session;
    if (is_its && !change.peer.is_zero()) target.peer = change.peer;
    if (target.peer == change.peer) stood(target, change, now);
    if (!is_its) continue;
    if (change.is_self) target.is_self = true;
    if (!up) failed(target, change.is_spare ? "" : change.reason, now);
  }
  if (!up) contacted_.erase(change.session);
  const auto wanted = neighbours_.find(change.peer);
  if (wanted != neighbours_.end()) stood(wanted->second, change, now);
  std::optional<NodeId> lost;
  for (auto& [peer, attempt] : neighbours_) {
    if (attempt.session != change.session || up) continue;
    failed(attempt, change.is_spare ? "" : change.reason, now);
    lost = peer;
  }
  if (wanted != neighbours_.end() && !up && wanted->second.session != change.session) {
    // A session the peer had opened is gone: call back soon, the smaller id first.
    if (change.was_established && !wanted->second.session) failed(wanted->second, "", now);
    wanted->second.next = std::max(wanted->second.next, self_.id < change.peer ? now : now + smaller_id_lead);
  }
  if (!up) return lost;
  for (Target& target : targets_) {
    if (target.peer == change.peer) target.no_room = false;
  }
  return lost;
}

/// Patience is regained by a session that lasts: two that live under one identity would else turn each other
/// out without end.
void Dialer::stood(Attempt& attempt, const SessionChange& change, Time now) {
  if (change.kind == SessionChange::Kind::established) {
    attempt.up_since = now;
    attempt.error.clear();
  } else if (change.was_established && now >= attempt.up_since + last_step) {
    attempt.step = {};
  }
}

void Dialer::hurry(Time now) {
  const auto call = [now](Attempt& attempt) {
    attempt.step = {};
    attempt.next = now;
  };
  for (Target& target : targets_) call(target);
  for (auto& [peer, attempt] : neighbours_) call(attempt);
}

void Dialer::turned_away(SessionId session) {
  for (Target& target : targets_) {
    if (target.session != session) continue;
    target.step = last_step;
    target.no_room = true;
  }
  for (auto& [peer, attempt] : neighbours_) {
    if (attempt.session == session) attempt.step = last_step;
  }
}

void Dialer::failed(Attempt& attempt, const std::string& error, Time now) {
  attempt.session.reset();
  attempt.step = attempt.step == Duration{} ? first_step : std::min(attempt.step * 2, last_step);
  attempt.next = now + rng_.between(attempt.step / 2, attempt.step);
  attempt.error = error;
  attempt.since = now;
}

bool Dialer::due(const Target& target, Time now) const {
  const bool is_alone = insist_ || sessions_.linked_count() == 0;
  return is_alone && !target.is_self && !target.session && target.next <= now &&
         (target.peer.is_zero() || sessions_.with(target.peer) == nullptr);
}

bool Dialer::due(const NodeId& peer, const Attempt& attempt, Time now) const {
  return !attempt.session && attempt.next <= now && !sessions_.busy_with(peer);
}

void Dialer::tick(Time now) {
  for (Target& target : targets_) {
    const auto purpose = target.no_room ? wire::Purpose::seek : wire::Purpose::contact;
    if (due(target, now)) target.session = sessions_.dial(target.address, purpose, now);
  }
  for (auto& [peer, attempt] : neighbours_) {
    if (due(peer, attempt, now)) call_neighbour(peer, attempt, now);
  }
  call_contacts(now);
}

void Dialer::seek_target(std::size_t index, Time now) {
  Target& target = targets_[index];
  if (target.session) return;
  const auto purpose = target.peer.is_zero() ? wire::Purpose::contact : wire::Purpose::seek;
  target.session = sessions_.dial(target.address, purpose, now);
}

/// Whoever is no longer alone needs none of them.
void Dialer::call_contacts(Time now) {
  if (sessions_.linked_count() > 0) contacts_.clear();
  while (!contacts_.empty() && contacted_.size() < contacts_at_once) {
    const Endpoint contact = contacts_.front();
    contacts_.pop_front();
    contacted_.insert(sessions_.dial({contact.address.text(), contact.port}, wire::Purpose::contact, now));
  }
}

void Dialer::call_neighbour(const NodeId& peer, Attempt& attempt, Time now) {
  const std::vector<Endpoint>* endpoints = endpoints_of_(peer);
  if (endpoints == nullptr || endpoints->empty()) {
    failed(attempt, "its record names no address to call", now);
    return;
  }
  const Endpoint& endpoint = (*endpoints)[rng_.below(endpoints->size())];
  attempt.session = sessions_.dial({endpoint.address.text(), endpoint.port}, wanted_.at(peer), now);
}

Time Dialer::next_deadline() const {
  const bool calls_contacts = !contacts_.empty() && contacted_.size() < contacts_at_once;
  Time next = calls_contacts ? Time() : Time::max();
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
