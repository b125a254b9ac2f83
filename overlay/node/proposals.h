// SPDX-License-Identifier: Apache-2.0
// A voter's wish for the next decree: what members asked for, gathered into one; or better voters. It
// proposes while there is something to decree, and tells who asked when another voter objects.
#pragma once

#include <map>

#include "overlay/node/decrees.h"

namespace overlay::node {

class Proposals {
 public:
  Proposals(Context& context, Decrees& decrees) : context_(context), decrees_(decrees) {}

  void hear(const Heard& heard, const wire::Wish& wish, Time now);
  /// A voter's answer to the proposal under way.
  void hear_answer(const Heard& heard, const consensus::PaxosMessage& answer, Time now);
  void tick(Time now);
  Time next_deadline() const;

 private:
  /// Who waits for a change; it is told only of an objection, for it sees the decree.
  struct Asked {
    Heard question;
    consensus::Change change;
    Time until;
  };

  std::string objection(const consensus::Change& change) const;
  void refuse(const Heard& question, const RequestId& request, const std::string& why);
  void forget_the_done(Time now);
  void begin(Time now);
  bool improve(consensus::Decree& decree, Time now);
  consensus::Decree next(const consensus::Change& change, Time now) const;
  void propose(const consensus::Decree& decree, Time now);
  void carry_on(Time now);
  void conclude(Time now);

  Context& context_;
  Decrees& decrees_;
  std::map<RequestId, Asked> asked_;
  std::optional<consensus::Proposer> proposer_;
  Time give_up_ = Time::max();  // the proposal under way
  Time improve_due_ = Time::max();
};

}  // namespace overlay::node
