// SPDX-License-Identifier: Apache-2.0
// The voters' register: which life of each node counts. A voter answers from its own disk, registered itself
// or not, so that a cluster that starts cold cannot wait on itself; but not before it knows the register of
// those who voted before it.
#pragma once

#include <map>
#include <set>

#include "overlay/node/quorum.h"

namespace overlay::node {

class Registry {
 public:
  Registry(Context& context, Quorum& quorum) : context_(context), quorum_(quorum) {}

  void hear(const Heard& heard, const wire::Register& asked, Time now);
  void hear(const Heard& heard, const wire::RegistryRequest& request);
  void hear(const Heard& heard, const wire::RegistryReply& reply);

  void restore(const wire::RegistrationEntry& entry) { lives_[entry.node] = entry.life; }
  void restore(const wire::RegistryEntry& entry) { known_since_ = entry.term; }
  const std::map<NodeId, wire::Life>& lives() const { return lives_; }
  std::uint64_t known_since() const { return known_since_; }

  /// It voted before, and has yet to tell of its register.
  bool learns_from(const NodeId& voter) const;
  void tick(Time now);
  Time next_deadline() const { return ask_at_; }

  /// So long has whoever is registered to object to somebody else under its id.
  static constexpr Duration objection_time = std::chrono::seconds(5);

 private:
  /// Somebody under an id that another life is registered for.
  struct Candidate {
    Nonce nonce;
    std::uint64_t incarnation = 0;  // as last asked for
    Time since;
    Time heard;  // the last time it asked
    Time refused_until;
  };
  /// Of the one that is registered.
  struct Objection {
    std::uint64_t against = 0;  // all up to this incarnation
    Time until;
  };
  /// What one voter of the decree before has told.
  struct Source {
    NodeId after;
    bool done = false;
  };

  wire::RegisterReply::Kind judge(const NodeId& node, const wire::Register& asked, Time now);
  void object(const NodeId& node, std::uint64_t against, Time now);
  wire::RegisterReply::Kind judge_candidate(const NodeId& node, const wire::Life& life, Time now);
  bool is_alone(const NodeId& node) const;
  void put(const NodeId& node, const wire::Life& life);
  void tell_blocks(const NodeId& node, const wire::Register& asked, wire::RegisterReply& reply);
  bool answers_under(std::uint64_t term) const;
  const consensus::Decree* next_seating() const;
  void begin(const consensus::Decree& seating, Time now);
  void finish_if_known();

  Context& context_;
  Quorum& quorum_;
  std::map<NodeId, wire::Life> lives_;
  std::map<NodeId, Candidate> candidates_;
  std::map<NodeId, Objection> objections_;
  std::uint64_t known_since_ = 0;  // the voters of this decree, and before
  std::uint64_t term_ = 0;         // which decree is being prepared for
  std::map<NodeId, Source> sources_;
  Duration step_{};
  Time ask_at_ = Time::max();
};

}  // namespace overlay::node
