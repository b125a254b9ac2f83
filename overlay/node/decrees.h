// SPDX-License-Identifier: Apache-2.0
// The chain of decrees as one node lives it: those that arrive are judged, applied in order and kept; as a
// voter it promises and accepts the next. Who proposes is in proposals.h.
#pragma once

#include "overlay/consensus/paxos.h"
#include "overlay/node/context.h"

namespace overlay::node {

class Decrees {
 public:
  explicit Decrees(Context& context) : context_(context), majority_seen_(context.started) {}

  // ---- records ----
  /// May this record exist? (Its signature is known to be good; the codes are those of mesh::Mesh::Judge.)
  [[nodiscard]] Status judge(const wire::Record& record) const;
  /// A decree record was accepted from others.
  void apply(const wire::Record& record, Time now);
  /// A decree that this node decided or made.
  void publish(const wire::DecreeRecord& decree, Time now);
  /// Two values of one index, each proved.
  void clash(const wire::Record& record, Time now);

  // ---- the voter ----
  void hear(const Heard& heard, const consensus::Prepare& prepare);
  void hear(const Heard& heard, const consensus::Accept& accept);
  /// What it has promised and accepted; of an older index when it has nothing of the next.
  const consensus::Vote& vote() const { return vote_; }
  /// Why this voter will not have a value decided; empty: nothing against it.
  std::string objection(const Bytes& value) const;

  // ---- life ----
  /// Errc::corrupt when the log's decrees do not follow from each other.
  [[nodiscard]] Status restore(const wire::DecreeRecord& decree);
  void restore(const consensus::Vote& vote) { vote_ = vote; }
  void tick(Time now);
  Time next_deadline() const { return watch_due_; }
  /// Why this version can do nothing more for its pods; empty where it can.
  std::string waiting_for() const;

 private:
  Status check_value(const Bytes& value, std::uint64_t index) const;
  bool takes_part(const Heard& heard, std::uint64_t index, const consensus::Ballot& ballot) const;
  template <class Question>
  void vote_on(const Heard& heard, const Question& question);
  void extend(const consensus::Decree& decree, const Bytes& envelope, Time now);
  void tell_what_changed(const consensus::Decree& decree);
  void fetch_missing();
  void watch_recoveries(Time now);

  Context& context_;
  consensus::Vote vote_;
  Time majority_seen_;  // when a majority of the voters was last here
  bool majority_is_near_ = true;
  Time watch_due_ = Time::max();
};

}  // namespace overlay::node
