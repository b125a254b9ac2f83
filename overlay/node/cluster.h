// SPDX-License-Identifier: Apache-2.0
// How a node comes to a cluster: it founds one (--bootstrap, or together with others: founding.h), after
// asking its join targets, or adopts the genesis of the first member it meets. A node that has one never
// changes it; a joiner never makes one.
#pragma once

#include <string>

#include "overlay/node/founding.h"

namespace overlay::node {

class Cluster {
 public:
  explicit Cluster(Context& context) : context_(context), founding_(context) {}

  void start(Time now);
  /// A member told us its genesis.
  void hear(const wire::Record& genesis, Time now);
  /// A genesis of this node's making that is not in force anywhere.
  [[nodiscard]] Result<Bytes> propose() const;
  /// Everybody's genesis, as agreed on elsewhere.
  [[nodiscard]] Status adopt_decided(std::string_view envelope, Time now);
  /// Another founder said something.
  void hear(const PublicKey& from, const wire::Founding& word, Time now) { founding_.hear(from, word, now); }
  void restore(const wire::FoundingEntry& entry) { founding_.restore(entry.proposal); }
  /// What to remember while there is no cluster; empty: nothing.
  const Bytes& signed_proposal() const { return founding_.signed_proposal(); }
  void tick(Time now);
  Time next_deadline() const;
  /// Why there is no cluster yet; empty when there is one.
  std::string waiting_for() const;

 private:
  bool may_found() const;
  Result<wire::Record> make() const;
  bool has_asked_around() const;
  void found(Time now);
  void tell_founded(const wire::Record& record);
  void adopt(const wire::Record& genesis, Time now);

  Context& context_;
  Founding founding_;
  Time found_at_ = Time::max();  // a founder that is still asking around
  bool has_waited_ = false;      // so long for those it asks
};

/// Refuses a flag given by hand whose value is not the cluster's: one sentence naming the flag and both
/// values.
[[nodiscard]] Status agree_with_genesis(const Config& config, const consensus::Genesis& genesis);

}  // namespace overlay::node
