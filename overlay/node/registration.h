// SPDX-License-Identifier: Apache-2.0
// This node's registration: at each start it tells the voters that it lives, and is itself only when a
// majority of them agrees. Until then it keeps forwarding and keeps its pods, but leases nothing, asks for
// nothing and does not vote; whoever runs from a copy of another's disk finds out here, and takes a new
// identity.
#pragma once

#include <map>
#include <set>
#include <string>

#include "overlay/node/blocks.h"

namespace overlay::node {

/// What tells this machine from others, hashed by the shell; empty where it could not be read, which says
/// nothing.
using Binding = std::vector<Bytes>;

/// A mark that both have is not the same.
bool differs(const Binding& one, const Binding& other);

class Registration {
 public:
  Registration(Context& context, Blocks& blocks) : context_(context), blocks_(blocks) {}

  void hear(const Heard& heard, const wire::RegisterReply& reply, Time now);
  /// Somebody says something of this node that this life did not say, as this incarnation of it.
  void hear_of_self(std::uint64_t incarnation, Time now);

  // ---- life ----
  void restore(const wire::PulseEntry& entry) { pulse_ = entry.pulse; }
  void restore(const wire::RegisteredEntry& entry);
  void restore(const wire::BindingEntry& entry) { binding_ = entry.marks; }
  void restore(const wire::LapsedEntry&) { lapsed_ = true; }
  /// An operator vouches that this is the node, wherever it runs now. What its disk says it once said counts
  /// for nothing, so others must register it.
  void restore_from_backup() { restored_ = true; }
  void restore(const wire::DisownedEntry& entry) { disowned_ = disowned_ || entry.node == context_.id; }
  /// The log has been read: `had` is the incarnation that its last life had, 0 for a first start.
  void start(std::uint64_t had);
  void tick(Time now);
  Time next_deadline() const;
  /// What a snapshot has to say of it.
  std::vector<wire::LogEntry> entries() const;

  // ---- what follows from it ----
  /// Others may be told of this node: it is registered, or cannot be a copy.
  bool may_describe() const { return context_.registered || !registered_; }
  bool lapsed() const { return lapsed_; }
  bool offline() const { return state_ == State::offline; }
  const Nonce& instance() const { return nonce_; }
  std::string waiting_for() const;

 private:
  struct Answer {
    wire::RegisterReply::Kind kind = wire::RegisterReply::Kind::waiting;
    std::optional<Prefix> after;  // it has told of the records up to here
    bool done = false;            // of all
  };

  void begin(Time now);
  void ask(Time now);
  void ask(const NodeId& voter);
  void pulse(Time now);
  void part_from_twin(std::uint64_t incarnation, Time now);
  void rise_above(std::uint64_t incarnation, Time now);
  void hear_of_records(const NodeId& voter, const wire::RegisterReply& reply, Time now);
  bool is_refused() const;
  bool is_own(const wire::Life& known) const;
  bool is_twin(const wire::Life& known) const;
  void succeed(Time now);
  void lapse(Time now);
  void adopt_binding();
  void go_on_offline(Time now);
  void lose(const std::string& waits_for);
  void rekey(const std::string& suffix, const std::string& why);
  void set(bool registered);
  bool is_same_boot() const;
  bool is_only_voter() const;
  bool holds_itself_back(Time now) const;
  bool counts_itself(Time now) const;
  wire::Life life() const { return {context_.incarnation, pulse_, nonce_}; }

  enum class State : std::uint8_t { asking, registered, offline, lost };

  Context& context_;
  Blocks& blocks_;
  State state_ = State::asking;
  Nonce nonce_;
  std::uint64_t pulse_ = 0;
  std::optional<wire::RegisteredEntry> registered_;  // when it last was
  Binding binding_;                                  // of then
  bool lapsed_ = false;
  bool restored_ = false;         // from a backup, and not registered since
  bool disowned_ = false;         // a new identity was due, and its log is begun
  bool registered_here_ = false;  // in this life of the process

  // ---- the round under way ----
  wire::Life had_;                       // as this node was last registered, as its disk has it
  std::uint64_t started_ = 0;            // its last incarnation of before this process
  wire::Life remembered_;                // what others say of it
  std::set<std::uint64_t> asked_under_;  // the incarnations of this process
  std::uint64_t against_ = 0;            // whom it objects to
  std::optional<std::uint64_t> term_;
  std::map<NodeId, Answer> answers_;
  Time since_ = Time::max();  // of the round
  Duration step_{};
  Time ask_at_ = Time::max();
  Time rise_at_ = Time::max();  // to the next number, if what was heard is not above it by then
  std::uint64_t heard_of_ = 0;  // the highest incarnation of this node that is not this life's
  Time quiet_until_;            // an only voter waits this long for others under its id
  int contests_ = 0;            // how often in this while
  Time contests_since_;
  Time pulse_due_ = Time::max();
  std::string why_lost_;
};

}  // namespace overlay::node
