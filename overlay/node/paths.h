// SPDX-License-Identifier: Apache-2.0
// The paths to this node's peers: whom to probe at which address, relays asked for over the mesh, and what
// follows for the kernel, for events and for alarms.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "overlay/node/context.h"
#include "overlay/node/view.h"
#include "overlay/paths/prober.h"

namespace overlay::node {

class Paths {
 public:
  Paths(Context& context, Rng rng)
      : context_(context), prober_(context.id, rng), inherited_(context.config.kernel_ways) {}

  /// What another node says of itself has changed.
  void know(const NodeId& node, Time now);
  void answered(std::uint64_t nonce, Time now) { prober_.answered(nonce, now); }
  /// The kernel has all that was wanted of it.
  void applied() { prober_.applied(); }
  void applied(const std::vector<NodeId>& peers);
  void hear(const Heard& heard, const wire::PathQuestion& question, Time now);
  void hear(const Heard& heard, const wire::PathAnswer& answer, Time now);
  void tick(Time now);
  Time next_deadline() const { return prober_.next_deadline(); }
  std::vector<SendProbe> take_probes() { return std::exchange(out_, {}); }

  /// Which way packets there go.
  plan::Way way(const NodeId& peer) const;
  PathView view(const NodeId& peer) const;
  const paths::Figures& figures() const { return prober_.figures(); }
  /// It matters to whom pods send.
  bool wants_traffic() const { return prober_.targets() > paths::few_peers; }
  /// They have been sending to these addresses, or their blocks.
  void carries(const std::vector<Ip>& destinations, Time now);

 private:
  /// This host as far as probes depend on it.
  struct Stand {
    std::optional<plan::Underlay> underlay;
    std::map<Family, Prefix> home;
    std::uint64_t term = 0;
    std::vector<plan::PairRoot> roots;  // by which it shares keys with others

    friend bool operator==(const Stand&, const Stand&) = default;
  };

  struct Shown {
    std::string text = "unknown";
    paths::Choice choice;
    bool tried = false;  // in this life, with or without success
  };

  Stand stand() const;
  /// From and to which address of this family a peer is probed; nothing when one of them is missing.
  std::optional<std::pair<Ip, Ip>> addresses(const wire::NodeInfo& info, Family family) const;
  bool can_be_probed(const wire::NodeInfo& info) const;
  bool is_neighbour(const wire::NodeInfo& info) const;
  void look_at_all(Time now);
  void inherit(Time now);
  void inherit(const NodeId& peer, const paths::Choice& choice, Time now);
  void send(const paths::Probe& probe);
  void ask_and_answer();
  void note_choice(const NodeId& peer, const paths::Choice& choice);
  void replan_behind(const NodeId& relay);
  void tell_change(const NodeId& peer, Time now);
  void tell_narrow(Time now);
  std::string text(const paths::PathView& path) const;
  std::string reason(const paths::PathView& path) const;
  std::string reason_for_no_probes(const NodeId& peer) const;
  std::string reason_for_vxlan(const paths::PathView& path) const;

  Context& context_;
  paths::Prober prober_;
  plan::FoundWays inherited_;  // from an earlier life, until peers are put
  Stand seen_;
  bool watches_traffic_ = false;
  std::map<NodeId, Shown> shown_;         // each path as it was told of
  std::set<NodeId> relayed_;              // those of them by way of another peer
  std::map<NodeId, std::size_t> narrow_;  // peers, and the size that passes
  std::vector<SendProbe> out_;
};

}  // namespace overlay::node
