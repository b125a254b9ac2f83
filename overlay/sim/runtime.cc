// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/runtime.h"

#include <algorithm>

namespace overlay::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A runtime that has waited so long gives up and lets the orchestrator begin again.
constexpr auto call_timeout = seconds(30);

ipam::LeaseKey key_of(const std::string& container) { return {"overlay", container, "eth0"}; }

std::string text(const ipam::LeaseKey& key) { return key.container; }

}  // namespace

void Runtime::act(Time now) {
  const auto draw = rng_.below(16);
  if (rng_.one_in(16)) return extra_.emplace_back(Verb::collect, key_of("")), void();
  const bool room = containers_.size() < most_;
  if (room && draw < 7) return add("c" + std::to_string(++made_), now);
  const auto live = any(Container::State::live);
  if (live && containers_.size() > most_) return remove(live->container, now);
  if (!live || draw < 8) {
    extra_.emplace_back(Verb::del, key_of("never-was"));
  } else if (draw < 10) {
    extra_.emplace_back(Verb::check, *live);
  } else if (draw < 11) {
    extra_.emplace_back(Verb::add, *live);
  } else {
    remove(live->container, now);
  }
}

void Runtime::add(const std::string& container, Time now) {
  containers_[key_of(container)] = {Container::State::adding, {}, now, std::nullopt, false};
}

void Runtime::remove(const std::string& container, Time now) {
  auto& removed = containers_.at(key_of(container));
  removed.state = Container::State::deleting;
  removed.retry_at = now;
  removed.call.reset();
}

void Runtime::remove_all(Time now) {
  for (const auto& [key, container] : containers_) {
    if (container.state != Container::State::deleting) remove(key.container, now);
  }
}

std::optional<ipam::LeaseKey> Runtime::any(Container::State state) {
  std::vector<ipam::LeaseKey> found;
  for (const auto& [key, container] : containers_) {
    if (container.state == state) found.push_back(key);
  }
  if (found.empty()) return std::nullopt;
  return found[rng_.below(found.size())];
}

Request Runtime::request(Verb verb, const ipam::LeaseKey& key, Time now) {
  const node::CallId call = next_call_++;
  underway_[call] = {verb, key, now};
  return {call, verb, key};
}

std::vector<Request> Runtime::due(Time now, std::vector<ipam::LeaseKey>& ended) {
  std::erase_if(underway_, [&](const auto& entry) { return entry.second.since + call_timeout <= now; });
  std::vector<Request> requests;
  for (auto& [key, container] : containers_) {
    if (container.call && !underway_.contains(*container.call)) retry(container, now);
    if (container.state == Container::State::live || container.call || container.retry_at > now) continue;
    if (container.state == Container::State::deleting && !container.addresses.empty()) {
      ended.push_back(key);
      container.addresses.clear();
    }
    requests.push_back(
        request(container.state == Container::State::adding ? Verb::add : Verb::del, key, now));
    container.call = requests.back().call;
  }
  for (const auto& [verb, key] : std::exchange(extra_, {})) {
    // A second ADD that is made after the DEL would be a new container.
    const auto at = containers_.find(key);
    const bool live = at != containers_.end() && at->second.state == Container::State::live;
    if (live || verb == Verb::del || verb == Verb::collect) requests.push_back(request(verb, key, now));
  }
  return requests;
}

Time Runtime::next_deadline() const {
  if (!extra_.empty()) return Time{};
  Time next = Time::max();
  for (const auto& [key, container] : containers_) {
    if (container.state == Container::State::live) continue;
    if (!container.call) {
      next = std::min(next, container.retry_at);
    } else if (const auto call = underway_.find(*container.call); call != underway_.end()) {
      next = std::min(next, call->second.since + call_timeout);
    } else {
      next = Time{};
    }
  }
  return next;
}

void Runtime::retry(Container& container, Time now) {
  container.call.reset();
  container.retry_at = now + rng_.between(milliseconds(200), seconds(3));
}

Outcome Runtime::answered(const node::Answer& answer, Time now) {
  const auto at = underway_.find(answer.call);
  if (at == underway_.end()) return {};  // nobody waits for it any more
  const auto [verb, key, since] = at->second;
  underway_.erase(at);
  switch (verb) {
    case Verb::add:
      return added(key, answer, now);
    case Verb::check:
      return checked(key, answer, now);
    case Verb::del:
      deleted(key, answer, now);
      return {};
    case Verb::collect:
      return {};
  }
  return {};
}

Outcome Runtime::added(const ipam::LeaseKey& key, const node::Answer& answer, Time now) {
  const auto at = containers_.find(key);
  if (at == containers_.end()) return {};
  auto& container = at->second;
  if (container.state == Container::State::live) {
    if (!answer.result || (*answer.result)->lease.addresses == container.addresses) return {};
    if (container.doubted) return remove(key.container, now), Outcome{};
    return {Outcome::Kind::broken, key, "ADD of " + text(key) + ", which is alive, gave it other addresses"};
  }
  if (container.call != answer.call) return {};
  if (!answer.result) {
    if (rng_.one_in(8)) {
      remove(key.container, now);
    } else {
      retry(container, now);
    }
    return {};
  }
  container.call.reset();
  container.state = Container::State::live;
  container.addresses = (*answer.result)->lease.addresses;
  return {Outcome::Kind::became_live, key, {}};
}

Outcome Runtime::checked(const ipam::LeaseKey& key, const node::Answer& answer, Time now) {
  const auto at = containers_.find(key);
  if (at == containers_.end() || at->second.state != Container::State::live) return {};
  if (!answer.result && answer.result.error().code == Errc::unavailable) return {};
  if (answer.result && (*answer.result)->lease.addresses == at->second.addresses) {
    at->second.doubted = false;
    return {};
  }
  if (at->second.doubted) return remove(key.container, now), Outcome{};
  if (!answer.result)
    return {Outcome::Kind::broken, key, "CHECK of " + text(key) + ": " + answer.result.error().text};
  return {Outcome::Kind::broken, key, "CHECK of " + text(key) + " names other addresses than its ADD did"};
}

void Runtime::deleted(const ipam::LeaseKey& key, const node::Answer& answer, Time now) {
  const auto at = containers_.find(key);
  if (at == containers_.end() || at->second.call != answer.call) return;
  if (!answer.result) return retry(at->second, now);
  containers_.erase(at);
}

void Runtime::calls_lost(Time now) {
  underway_.clear();
  for (auto& [key, container] : containers_) {
    if (container.call) retry(container, now);
  }
}

void Runtime::disk_fell_back() {
  for (auto& [key, container] : containers_) container.doubted = true;
}

void Runtime::machine_lost(Time now) {
  extra_.clear();
  calls_lost(now);
  remove_all(now);
}

bool Runtime::settled() const {
  return extra_.empty() && std::all_of(containers_.begin(), containers_.end(), [](const auto& entry) {
           return entry.second.state == Container::State::live;
         });
}

}  // namespace overlay::sim
