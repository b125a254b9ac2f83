// SPDX-License-Identifier: Apache-2.0
// The paths to all peers: whom to probe when, what the answers show, and which way each peer's traffic shall
// go.
//
// Probes are echo requests from host to host, answered by the peer's kernel, whether its daemon runs or not,
// and each is made to go one way: in the tunnel (VXLAN or WireGuard) straight to the peer, past it to a
// neighbour, or in it to a relay. The way in use is probed twice a second as long as the budget of probes
// allows it, and ever more rarely with more peers; one that pods send to has a budget that it shares with its
// like alone, and one that does not answer is asked again soon, within a third.
//
// When nothing straight works, peers are asked whether they reach the other end (relays.h). One says so only
// when it has just seen it, by a way that is straight and that its kernel has been given; and takes a relay
// itself only after it has ceased to. So of all the relays that a packet could be passed on by, each has said
// yes before the one after it did, and none comes twice: there are no circles (paths of this kind are tested
// in detours_test.cc). Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "overlay/paths/figures.h"
#include "overlay/paths/health.h"
#include "overlay/paths/relays.h"

namespace overlay::paths {

/// Probes a second, of all peers together.
inline constexpr int probes_per_second = 100;
/// The same of those that pods send to.
inline constexpr int busy_per_second = 200;
/// And of what is in doubt, or asked for by others.
inline constexpr int extra_per_second = 100;
/// Up to so many peers it makes no difference which of them pods send to.
inline constexpr std::size_t few_peers = 50;

enum class Kind : std::uint8_t { vxlan, direct, relay, wireguard };
/// "vxlan", "direct", "relay" or "wireguard".
const char* name(Kind kind);

struct Target {
  NodeId id;
  std::uint16_t index = 0;    // names it in nonces; no two have the same
  bool neighbour = false;     // may be reached without a tunnel
  Kind tunnel = Kind::vxlan;  // or wireguard: the way straight to it

  friend bool operator==(const Target&, const Target&) = default;
};

/// An echo request to a peer's own address.
struct Probe {
  NodeId peer;
  Kind way = Kind::vxlan;
  NodeId relay;  // for that way
  std::uint64_t nonce = 0;
  std::size_t size = 0;  // of the IP packet
};

/// To a Question: those of its peers that the sender reaches.
struct Reached {
  NodeId to;
  std::uint64_t nonce = 0;
  std::vector<NodeId> peers;
};

/// Which way the traffic to a peer goes.
struct Choice {
  Kind kind = Kind::vxlan;
  NodeId relay;
  std::size_t mtu = 0;  // of IP packets; 0: what the devices carry

  friend bool operator==(const Choice&, const Choice&) = default;
};

struct PathView {
  Choice choice;
  State state = State::unknown;  // of the way chosen
  Time since{};
  std::optional<Duration> rtt;
  double loss = 0;
  std::optional<State> direct;  // for a neighbour
  std::size_t carries =
      0;  // the largest size that passes, when others are lost and it has been found; else 0
};

class Prober {
 public:
  Prober(const NodeId& self, Rng rng) : self_(self), rng_(rng), relays_(Rng(rng_.next())) {}
  Prober(Prober&&) = default;
  Prober& operator=(Prober&&) = default;

  // ---- whom there is to probe ----
  void put(const Target& target, Time now);
  void remove(const NodeId& peer);
  /// The largest IP packet that the devices carry.
  void set_mtu(std::size_t mtu);
  /// The kernel has been sending that peer's traffic this way since an earlier life: so it stays until probes
  /// have said something else. Give it with all targets put.
  void inherit(const NodeId& peer, const Choice& choice, Time now);

  // ---- what happens ----
  void answered(std::uint64_t nonce, Time now);
  /// Another node asks whether this one reaches some peers; it is answered when that has been tried.
  void asked(const NodeId& from, std::uint64_t nonce, const std::vector<NodeId>& about, Time now);
  /// The answer to a question of ours.
  void told(const NodeId& from, std::uint64_t nonce, const std::vector<NodeId>& reached, Time now);
  /// Pods have been sending to these, and to no other: for a while their ways are probed more often.
  void carries(const std::vector<NodeId>& peers, Time now);
  /// The kernel has been given all choices there are.
  void applied() { unapplied_.clear(); }
  void applied(const NodeId& peer) { unapplied_.erase(peer); }
  /// Give what has arrived before this.
  void tick(Time now);
  Time next_deadline() const;

  // ---- what there is to do ----
  std::vector<Probe> take_probes() { return std::exchange(probes_, {}); }
  std::vector<Question> take_questions() { return std::exchange(questions_, {}); }
  std::vector<Reached> take_answers() { return std::exchange(answers_, {}); }
  /// Peers whose choice or state has changed since the last call.
  std::set<NodeId> take_changes() { return std::exchange(changed_, {}); }

  // ---- what is known ----
  /// Nothing for a node that is no target.
  std::optional<PathView> path(const NodeId& peer) const;
  Choice choice(const NodeId& peer) const;
  std::size_t targets() const { return paths_.size(); }
  const Figures& figures() const { return figures_; }

  /// How long it is from one probe of a peer to the next, with so many of them.
  static Duration interval(std::size_t peers);

 private:
  struct Lane {
    Lane(std::size_t mtu, Time when) : health(small_size, mtu), due(when) {}
    Health health;
    Time due;  // of the next probe
  };
  struct Detour {
    NodeId relay;
    Lane lane;
    bool rejected = false;  // it stays until another is found, or it works again
  };
  struct Path {
    Target target;
    Lane tunnel;
    std::optional<Lane> direct;
    std::optional<Detour> detour;
    Choice inherited;
    Time busy_until{};
    Time scheduled{};
    Choice choice;
    State state = State::unknown;
  };
  /// A question of another node that is being looked into.
  struct Inquiry {
    NodeId from;
    std::uint64_t nonce = 0;
    Time began;
    std::vector<NodeId> waiting;
    std::vector<NodeId> reached;
  };

  /// Small enough for any path, and more than the headers.
  static constexpr std::size_t small_size = 84;

  void work(Path& path, Time now);
  void work(Path& path, Lane& lane, Kind way, Time now);
  void hurry(Lane& lane, Time now);
  static bool doubts_direct(const Path& path);
  void probe(Path& path, Lane& lane, Kind way, Time now);
  Duration pause(const Path& path, const Lane& lane, Kind way, Time now);
  Duration interval_of(const Path& path, Time now) const;
  void count(const Path& path, const Lane& lane, Kind way);
  void settle(Path& path, Time now);
  void settle_detour(Path& path, Time now);
  void judge_relay(Path& path, Time now);
  Choice choose(Path& path, Time now);
  static bool goes_direct(const Path& path);
  static bool goes_around(const Detour& detour, Time now);
  /// The one for that way, if there is one; else that in VXLAN.
  static Lane& lane(Path& path, Kind way);
  void schedule(Path& path);
  void ask(Time now);
  bool must_agree() const;
  std::vector<NodeId> reached() const;
  std::vector<NodeId> candidates();
  bool is_straight(const NodeId& peer) const;
  bool look_into(Inquiry& inquiry, const NodeId& peer, Time now);
  void answer_inquiries(const NodeId& peer, Time now);
  void answer(const Inquiry& inquiry);
  void close_inquiries(Time now);
  bool may_do_extra(Time now);
  Path* find(const NodeId& peer);

  NodeId self_;
  Rng rng_;
  Relays relays_;
  std::size_t mtu_ = 0;
  std::map<NodeId, Path> paths_;
  std::map<std::uint16_t, Path*> by_index_;
  std::map<std::pair<Time, NodeId>, Path*> schedule_;
  std::vector<Inquiry> inquiries_;
  std::set<NodeId> unapplied_;  // their choice may not be in the kernel yet
  double extra_ = extra_per_second;
  Time extra_filled_{};
  Time ticked_{};
  std::size_t busy_ = 0;
  Figures figures_;
  std::vector<Probe> probes_;
  std::vector<Question> questions_;
  std::vector<Reached> answers_;
  std::set<NodeId> changed_;
};

}  // namespace overlay::paths
