// SPDX-License-Identifier: Apache-2.0
// Taking over a seat: before a voter grants in a seat that a decree gave it, it learns from a majority of the
// voters before that decree all they have acknowledged there. They answer once they know the decree, and from
// then on acknowledge nothing older, so nothing can come in force behind the new holder's back (the view
// change of viewstamped replication, Liskov and Cowling 2012).
#pragma once

#include <map>
#include <set>
#include <vector>

#include "overlay/node/quorum.h"

namespace overlay::node {

class Takeover {
 public:
  Takeover(Context& context, Quorum& quorum) : context_(context), quorum_(quorum) {}

  /// The seats this voter may grant from, ascending.
  std::vector<std::uint32_t> ready_seats() const;
  /// Why a seat of this voter is not ready; empty when all are, or it holds none.
  std::string waiting_for() const;

  void hear(const Heard& heard, const wire::CopyRequest& request);
  void hear(const Heard& heard, const wire::CopyReply& reply, Time now);
  void restore(std::uint32_t seat, std::uint64_t term) { done_[seat] = term; }
  /// Since which decree each seat that was taken over is held.
  const std::map<std::uint32_t, std::uint64_t>& done() const { return done_; }

  /// It has yet to tell what was in force in some seat that it voted for before.
  bool learns_from(const NodeId& voter) const;
  void tick(Time now);
  Time next_deadline() const { return is_muted() ? Time::max() : ask_at_; }

 private:
  /// What one voter of the decree before has told.
  struct Source {
    std::optional<Prefix> after;
    bool done = false;
  };
  struct Copy {
    std::uint64_t term = 0;  // since when this node holds the seat
    std::map<NodeId, Source> sources;
  };

  bool is_muted() const { return context_.is_seated() && !context_.votes; }
  void follow(Time now);
  const consensus::Decree* held_since(std::uint32_t seat) const;
  void begin(std::uint32_t seat, const consensus::Decree& since, Time now);
  void ask(std::uint32_t seat, const Copy& copy);
  void finish_if_known(std::uint32_t seat, Time now);

  Context& context_;
  Quorum& quorum_;
  std::optional<std::uint64_t> term_;  // the newest decree that was acted on
  std::map<std::uint32_t, std::uint64_t> done_;
  std::map<std::uint32_t, Copy> copies_;
  Duration step_{};
  Time ask_at_ = Time::max();
};

}  // namespace overlay::node
