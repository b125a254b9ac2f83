// SPDX-License-Identifier: Apache-2.0
// Founding a cluster together (--bootstrap-expect N). The founders are the first N hosts of the join list,
// which is the same everywhere: each compares its hash. When all N have met, and nobody has shown them a
// cluster, the first proposes a genesis, and it holds when all N have signed it. A founder signs one proposal
// in its life, on disk before it says so; so whatever the hosts were told, no host founds two clusters.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "overlay/node/context.h"

namespace overlay::node {

class Founding {
 public:
  explicit Founding(Context& context) : context_(context) {}

  void start(Time now);
  /// What an earlier life signed.
  void restore(const Bytes& proposal) { signed_ = proposal; }
  /// The proposal this founder has signed; empty: none.
  const Bytes& signed_proposal() const { return signed_; }
  void hear(const PublicKey& from, const wire::Founding& word, Time now);
  /// Proposes and reminds; `asked_around`: everybody who could know of a cluster was asked. Returned is the
  /// genesis when all have signed it.
  std::optional<wire::Record> tick(bool asked_around, Time now);
  Time next_deadline() const { return takes_part() ? say_at_ : Time::max(); }

  /// One of the first N join targets is this host.
  bool takes_part() const { return position().has_value(); }
  /// Errc::conflict for another genesis than the one this founder has signed: it may hold already.
  [[nodiscard]] Status may_adopt(const wire::Record& genesis) const;
  /// What is missing yet; empty for a host that is no founder.
  std::string waiting_for() const;

 private:
  std::size_t expected() const { return context_.config.bootstrap_expect; }
  std::optional<std::size_t> position() const;
  std::optional<PublicKey> key_of(std::size_t position) const;
  std::vector<PublicKey> voters() const;
  bool agreed() const;
  std::string disagreement() const;
  bool may_sign(const PublicKey& proposer) const;
  bool is_proposal(const wire::Record& record) const;
  void propose(Time now);
  void sign(const Bytes& proposal, Time now);
  void consider(const PublicKey& from, const Bytes& proposal, Time now);
  bool has_signed(const PublicKey& founder) const;
  void say();

  Context& context_;
  Digest list_;                                // hash of N and the join list
  Bytes signed_;                               // envelope of the genesis
  std::map<PublicKey, wire::Founding> heard_;  // the last word of each founder
  Time say_at_ = Time::max();
};

}  // namespace overlay::node
