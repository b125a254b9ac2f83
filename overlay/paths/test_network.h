// SPDX-License-Identifier: Apache-2.0
// Many probers on a network whose paths are cut, narrowed and healed, in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "overlay/paths/test_prober.h"

namespace overlay::paths::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Hosts with a prober and a kernel each. The kernels take up choices some time after they were made.
class Network {
 public:
  explicit Network(std::size_t size, bool neighbours = false, Kind tunnel = Kind::vxlan)
      : neighbours_(neighbours), tunnel_(tunnel), kernels_(size) {
    for (std::size_t i = 0; i < size; ++i) {
      probers_.emplace_back(id_of(i), Rng(i + 1));
      probers_[i].set_mtu(mtu);
    }
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j) {
        if (i != j) probers_[i].put({id_of(j), static_cast<std::uint16_t>(j + 1), neighbours, tunnel}, now_);
      }
    }
  }

  Time time() const { return now_; }
  Prober& at(std::size_t number) { return probers_[number]; }
  PathView path(std::size_t from, std::size_t to) { return *probers_[from].path(id_of(to)); }

  void cut(std::size_t a, std::size_t b) { cut_.insert({std::min(a, b), std::max(a, b)}); }
  void cut_direct(std::size_t a, std::size_t b) { cut_direct_.insert({std::min(a, b), std::max(a, b)}); }
  /// Some of the packets there are lost.
  void make_lossy(std::size_t a, std::size_t b) { lossy_.insert({std::min(a, b), std::max(a, b)}); }
  void heal() {
    cut_.clear();
    cut_direct_.clear();
    lossy_.clear();
  }
  void narrow(std::size_t a, std::size_t b, std::size_t size) {
    narrow_[{std::min(a, b), std::max(a, b)}] = size;
  }
  /// Its daemon does nothing any more; its kernel goes on.
  void kill(std::size_t number) { dead_.insert(number); }
  /// Its daemon starts again, above a kernel that went on.
  void restart(std::size_t number) {
    probers_[number] = Prober(id_of(number), Rng(rng_.next()));
    probers_[number].set_mtu(mtu);
    std::erase_if(changes_, [&](const auto& change) { return change.first == number; });
    for (std::size_t i = 0; i < probers_.size(); ++i) {
      if (i != number)
        probers_[number].put({id_of(i), static_cast<std::uint16_t>(i + 1), neighbours_, tunnel_}, now_);
    }
    for (const auto& [peer, choice] : kernels_[number]) probers_[number].inherit(id_of(peer), choice, now_);
  }
  /// It drops what it should pass on.
  void forbid_forwarding(std::size_t number) { not_forwarding_.insert(number); }
  /// Its kernel takes no more choices up.
  void jam(std::size_t number, bool jammed = true) {
    jammed ? void(jammed_.insert(number)) : void(jammed_.erase(number));
  }

  void run(Duration span) {
    for (const Time end = now_ + span; now_ < end; now_ += milliseconds(5)) step();
  }
  /// How long it took; nothing when it took longer than `limit`.
  std::optional<Duration> run_until(Duration limit, const std::function<bool()>& done) {
    for (const Time begin = now_; now_ - begin < limit; now_ += milliseconds(5)) {
      step();
      if (done()) return now_ - begin;
    }
    return std::nullopt;
  }

  /// Whether the kernels carry a packet of a pod there; a loop fails the test.
  bool delivers(std::size_t from, std::size_t to, std::size_t size = 100) {
    std::size_t at = from;
    for (std::size_t hops = 0; at != to; ++hops) {
      if (hops > probers_.size()) {
        ADD_FAILURE() << "a loop from " << from << " to " << to << " at " << seconds_since_start();
        return false;
      }
      if (hops > 0 && not_forwarding_.contains(at)) return false;
      const Choice choice = kernels_[at][to];
      const std::size_t next = choice.kind == Kind::relay ? number_of(choice.relay) : to;
      if (!passes(at, next, choice.kind, size) || !takes(next, from, at)) return false;
      at = next;
    }
    return true;
  }
  bool both(std::size_t a, std::size_t b) { return delivers(a, b) && delivers(b, a); }

  std::size_t probes() const { return probes_sent_; }

 private:
  double seconds_since_start() const { return overlay::seconds(now_.time_since_epoch()); }

  bool passes(std::size_t a, std::size_t b, Kind way, std::size_t size) {
    const std::pair key{std::min(a, b), std::max(a, b)};
    if (way == Kind::direct) return !cut_direct_.contains(key);
    if (lossy_.contains(key) && rng_.one_in(3)) return false;
    const auto narrow = narrow_.find(key);
    return !cut_.contains(key) && (narrow == narrow_.end() || size <= narrow->second);
  }

  /// WireGuard takes what comes from a host by whom it would answer; VXLAN takes all.
  bool takes(std::size_t here, std::size_t from, std::size_t by) {
    if (tunnel_ != Kind::wireguard) return true;
    const Choice choice = kernels_[here][from];
    return by == (choice.kind == Kind::relay ? number_of(choice.relay) : from);
  }

  void step() {
    for (std::size_t i = 0; i < probers_.size(); ++i) {
      if (dead_.contains(i)) continue;
      if (probers_[i].next_deadline() <= now_) probers_[i].tick(now_);
      carry(i);
      for (const NodeId& peer : probers_[i].take_changes()) changes_.push_back({i, number_of(peer)});
    }
    take_up_choices();
  }

  void take_up_choices() {
    std::set<std::size_t> done;
    std::erase_if(changes_, [&](const auto& change) {
      if (jammed_.contains(change.first) || rng_.one_in(3)) return false;
      kernels_[change.first][change.second] = probers_[change.first].choice(id_of(change.second));
      done.insert(change.first);
      return true;
    });
    for (std::size_t i = 0; i < probers_.size(); ++i) {
      const bool pending =
          std::ranges::any_of(changes_, [i](const auto& change) { return change.first == i; });
      if (!pending && !jammed_.contains(i)) probers_[i].applied();
    }
  }

  /// As the kernels do: a probe for a relay may be passed on once, and no more.
  bool reaches(std::size_t from, const Probe& probe) {
    const std::size_t to = number_of(probe.peer);
    if (probe.way != Kind::relay) return passes(from, to, probe.way, probe.size);
    const std::size_t relay = number_of(probe.relay);
    const Choice next = kernels_[relay][to];
    return passes(from, relay, Kind::vxlan, probe.size) && next.kind != Kind::relay &&
           !not_forwarding_.contains(relay) && passes(relay, to, next.kind, probe.size) &&
           takes(relay, from, from) && takes(to, from, relay);
  }

  /// What goes straight by WireGuard is answered straight, whatever the routes are.
  bool answers(std::size_t from, const Probe& probe) {
    const std::size_t to = number_of(probe.peer);
    if (probe.way == Kind::wireguard) return passes(to, from, probe.way, probe.size);
    return delivers(to, from, probe.size);
  }

  void carry(std::size_t from) {
    for (const Probe& probe : probers_[from].take_probes()) {
      ++probes_sent_;
      if (reaches(from, probe) && answers(from, probe)) probers_[from].answered(probe.nonce, now_);
    }
    // Messages go over the mesh, which finds ways of its own.
    for (const Question& question : probers_[from].take_questions()) {
      const std::size_t to = number_of(question.to);
      if (!dead_.contains(to)) probers_[to].asked(id_of(from), question.nonce, question.about, now_);
    }
    for (const Reached& answer : probers_[from].take_answers()) {
      probers_[number_of(answer.to)].told(id_of(from), answer.nonce, answer.peers, now_);
    }
  }

  bool neighbours_;
  Kind tunnel_;
  std::vector<Prober> probers_;
  std::vector<std::map<std::size_t, Choice>> kernels_;
  std::vector<std::pair<std::size_t, std::size_t>> changes_;
  Rng rng_{4711};
  Time now_{};
  std::set<std::pair<std::size_t, std::size_t>> cut_;
  std::set<std::pair<std::size_t, std::size_t>> cut_direct_;
  std::set<std::pair<std::size_t, std::size_t>> lossy_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> narrow_;
  std::set<std::size_t> dead_;
  std::set<std::size_t> not_forwarding_;
  std::set<std::size_t> jammed_;
  std::size_t probes_sent_ = 0;
};

}  // namespace overlay::paths::test
