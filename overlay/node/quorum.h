// SPDX-License-Identifier: Apache-2.0
// In force means acknowledged: a change of ownership counts when a majority of the newest decree's voters has
// it on disk. As holder of seats a voter proposes its records here and gets them back when they are in force;
// as any voter it keeps the others' records, unless they contradict what it knows.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "overlay/node/context.h"

namespace overlay::node {

class Quorum {
 public:
  explicit Quorum(Context& context) : context_(context) {}

  /// Everything granted or taken back as far as this voter knows, in force or not: a new grant keeps clear of
  /// it.
  const ipam::BlockMap& claims();

  // ---- records of this voter ----
  /// Signs and proposes a record; `block.epoch` is set here.
  void propose(ipam::BlockRecord block, Time now);
  /// A new decree is in force: what was proposed under an older one will not be acknowledged any more.
  void forget_proposals() { proposals_.clear(); }
  /// Proposes again what this voter's seat has been left with: made, or acknowledged for the holder before,
  /// but not in force.
  void resume(std::uint32_t seat, Time now);
  /// Records that came in force since the last call.
  std::vector<wire::Record> take_in_force() { return std::exchange(in_force_, {}); }
  /// What the record of `prefix` still needs; empty when it is in force.
  std::string waiting_for(const Prefix& prefix) const;

  // ---- the other voters ----
  void hear(const Heard& heard, const wire::AckRequest& request);
  void hear(const Heard& heard, const wire::Ack& ack);
  /// A record is in force here.
  void know(const ipam::BlockRecord& block);
  /// The record of exactly this prefix among the claims; null where there is none.
  const Bytes* envelope_of(const Prefix& prefix) const;
  /// Keeps a record another voter acknowledged: this one takes over its seat.
  void keep(wire::Record record);
  void restore(wire::Record record) { kept_.insert_or_assign(prefix_of(record), std::move(record)); }
  /// Records on this disk that are not in force as far as this voter knows.
  const std::map<Prefix, wire::Record>& kept() const { return kept_; }

  void tick(Time now);
  Time next_deadline() const;

 private:
  struct Proposal {
    wire::Record record;
    std::map<NodeId, std::string> answers;  // empty: acknowledged
    Time ask_at;
    Duration step{};
  };

  static const Prefix& prefix_of(const wire::Record& record);
  bool has_majority(const Proposal& proposal) const;
  bool is_in_force(const ipam::BlockRecord& block) const;
  void put(wire::Record record, Time now);
  void ask(Proposal& proposal, Time now);
  void settle(const Prefix& prefix);
  [[nodiscard]] Result<wire::Record> acceptable(const Heard& heard, const Bytes& envelope);
  bool is_due(const ipam::BlockRecord& held, const ipam::BlockRecord& by) const;
  [[nodiscard]] Status may_displace(const ipam::BlockRecord& held, const ipam::BlockRecord& by) const;

  Context& context_;
  std::optional<ipam::BlockMap> claims_;  // made when first needed
  std::map<Prefix, wire::Record> kept_;
  std::map<Prefix, Proposal> proposals_;
  std::vector<wire::Record> in_force_;
};

}  // namespace overlay::node
