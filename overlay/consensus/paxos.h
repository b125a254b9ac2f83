// SPDX-License-Identifier: Apache-2.0
// Single-decree Paxos (Lamport, "Paxos Made Simple", 2001): for each index the voters of the decree before it
// decide one value, whatever is lost, repeated, reordered, and whoever crashes and comes back with its disk.
//
// One difference: a proposer shows the value it wishes for when it prepares, and a voter may object to it
// then. A value that a majority let pass is accepted without another look, for one that was accepted by some
// could otherwise block its index for ever.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "overlay/base/rng.h"
#include "overlay/base/time.h"
#include "overlay/consensus/decree.h"

namespace overlay::consensus {

// ---- messages, each about one index ----

/// What a voter accepted last.
struct Acceptance {
  Ballot ballot;
  Bytes value;

  friend bool operator==(const Acceptance&, const Acceptance&) = default;
};

/// "Promise to take part in no lower ballot; I would propose this value."
struct Prepare {
  std::uint64_t index = 0;
  Ballot ballot;
  Bytes value;
};
/// "I promise; this I have accepted before."
struct Promise {
  std::uint64_t index = 0;
  Ballot ballot;
  std::optional<Acceptance> accepted;
};
struct Accept {
  std::uint64_t index = 0;
  Ballot ballot;
  Bytes value;
};
/// Signed by itself, as a part of the proof.
struct Accepted {
  std::uint64_t index = 0;
  Ballot ballot;
  Digest hash;  // of the value
  Signature signature;
};
/// "Not in this ballot": a higher one was promised, or there is an objection to the value.
struct Nack {
  std::uint64_t index = 0;
  Ballot ballot;
  Ballot promised;
  std::string objection;  // empty: none
};

using PaxosMessage = std::variant<Prepare, Promise, Accept, Accepted, Nack>;

std::uint64_t index_of(const PaxosMessage& message);

// ---- acceptor ----

/// All that a voter must remember of one index. It is on disk before the answer that tells of it leaves.
struct Vote {
  std::uint64_t index = 0;
  Ballot promised;
  std::optional<Acceptance> accepted;

  friend bool operator==(const Vote&, const Vote&) = default;
};

/// One voter's part in deciding one index. After each hear() its vote(), where it changed, is made durable
/// before the returned answer is sent. The caller knows whether it votes, and judges values.
class Acceptor {
 public:
  Acceptor(const ClusterId& cluster, const KeyPair& identity, Vote restored)
      : cluster_(cluster), identity_(identity), vote_(std::move(restored)) {}

  /// A Promise or a Nack.
  PaxosMessage hear(const Prepare& prepare);
  /// An Accepted or a Nack.
  PaxosMessage hear(const Accept& accept);

  const Vote& vote() const { return vote_; }

 private:
  ClusterId cluster_;
  KeyPair identity_;
  Vote vote_;
};

// ---- proposer ----

/// What a proposer must know; the voters are those of the decree before `index`, itself among them.
struct Proposal {
  ClusterId cluster;
  std::uint64_t index = 0;
  std::vector<PublicKey> voters;
  PublicKey self;
  Bytes value;
  /// Rounds it may have used before; its own acceptor has promised none above.
  std::uint64_t used_round = 0;
};

/// Drives one index to a decision, of its own value or of one that was under way before.
///
///   preparing --majority of promises--> accepting --majority accepted--> decided
///       ^  \--objection--> objected         |
///       +-- a while later <-- outvoted <----+  (a higher ballot was promised somewhere)
class Proposer {
 public:
  struct Outgoing {
    PublicKey to;  // may be its own acceptor, whose vote is durable before any of the rest leaves
    PaxosMessage message;
  };
  struct Decision {
    Bytes value;
    Proof proof;
  };

  Proposer(Proposal proposal, Rng& rng, Time now);

  /// An answer by `from`, whose authenticity is known; anything late, foreign or repeated is ignored.
  void hear(const PublicKey& from, const PaxosMessage& message, Time now);
  void tick(Time now);
  Time next_deadline() const;
  std::vector<Outgoing> take_outgoing() { return std::exchange(outgoing_, {}); }

  const std::optional<Decision>& decision() const { return decision_; }
  /// Why a voter will not have the value; it is not tried again. Empty: nobody objected.
  const std::string& objection() const { return objection_; }
  bool done() const { return decision_.has_value() || !objection_.empty(); }
  const Proposal& proposal() const { return proposal_; }

 private:
  enum class Phase : std::uint8_t { preparing, accepting, outvoted };

  void prepare(Time now);
  void hear(const PublicKey& from, const Promise& promise, Time now);
  void hear(const PublicKey& from, const Accepted& accepted);
  void hear(const Nack& nack, Time now);
  void send_to_missing(Time now);
  bool has_answered(const PublicKey& voter) const;

  Proposal proposal_;
  Rng& rng_;
  Phase phase_ = Phase::preparing;
  Ballot ballot_;
  std::uint64_t highest_round_ = 0;
  Bytes value_;  // being accepted
  std::set<PublicKey> promised_;
  std::optional<Acceptance> inherited_;  // the highest that a promise told of
  std::map<PublicKey, Signature> accepted_;
  Duration step_{};
  Time due_ = Time::max();
  std::vector<Outgoing> outgoing_;
  std::optional<Decision> decision_;
  std::string objection_;
};

}  // namespace overlay::consensus
