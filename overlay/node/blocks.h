// SPDX-License-Identifier: Apache-2.0
// Address blocks of this node: asking the voters for what it lacks, giving back what it no longer uses, and
// applying the block records that arrive. What voters do with theirs is in grants.h.
#pragma once

#include <map>
#include <set>
#include <string>

#include "overlay/node/forks.h"
#include "overlay/node/quorum.h"

namespace overlay::node {

/// A request for a block of one family that has not been answered by a record yet.
struct PendingBlock {
  RequestId request;
  NodeId voter;                         // whom it was said to
  std::map<NodeId, RequestId> said_to;  // one to each voter, so that none serves two, however late
  Time ask_at;                          // again
  Duration step{};
  std::size_t unanswered = 0;              // times it was said since the last answer
  std::map<NodeId, std::string> refusals;  // of the voters asked in this round
  std::string trouble;                     // why it is not granted yet, as last known
};

/// A block on its way back to its seat.
struct ReturningBlock {
  Time ask_at;
  Duration step{};
  bool given_up = false;  // that nobody has its addresses is on disk
};

class Blocks {
 public:
  Blocks(Context& context, Quorum& quorum, Forks& forks)
      : context_(context), quorum_(quorum), forks_(forks) {}

  /// A block record was accepted from others.
  void apply(const wire::Record& record, Time now);
  void hear(const Heard& heard, const wire::BlockReply& reply, Time now);
  /// Kubernetes has chosen these for this node; it counts where the cluster's blocks are chosen so.
  void are_named(const std::vector<Prefix>& blocks);
  void clash(const wire::Record& record, Time now);
  /// A block that was taken away from this node, as it now learns; nothing is leased from it any more.
  void stop_using(const Prefix& prefix);
  void tick(Time now);
  /// Publishes what a majority of the voters has acknowledged.
  void put_in_force(Time now);
  Time next_deadline() const;

  void restore_pending(const wire::RequestEntry& entry);
  void restore_returning(const Prefix& prefix);
  /// Forgets the request that this record answers.
  void settle_pending(const ipam::BlockRecord& block);
  const std::map<Family, PendingBlock>& pending() const { return pending_; }
  /// Why the last request for a block was not granted; empty when none was refused.
  std::string refusal() const;
  /// Why there is no block of some family yet; empty when there is one of each.
  std::string waiting_for() const;

 private:
  void want(Time now);
  bool lacks(Family family, const ipam::Supply& supply, Time now) const;
  void leave_unnamed(Time now);
  void retire(const Prefix& block, Time now);
  void retire_all(Time now);
  void retire_idle(const ipam::Supply& supply, Time now);
  void begin_request(Family family, PendingBlock& pending, Time now);
  void ask(Family family, PendingBlock& pending, Time now);
  std::optional<NodeId> next_voter(Family family, const PendingBlock& pending);
  void take(const ipam::BlockRecord& block);
  void lose(const ipam::BlockRecord& block);
  void tell_of_lost(Time now);
  void spare(Time now);
  void give_back(const Prefix& prefix, ReturningBlock& returning, Time now);
  void report_fork(const wire::Record& record, const Prefix& with, Time now);

  Context& context_;
  Quorum& quorum_;
  Forks& forks_;
  std::map<Family, PendingBlock> pending_;
  std::map<Prefix, ReturningBlock> returning_;
  std::set<Prefix> lost_;              // blocks that a decree took, while pods have addresses of them
  std::map<Family, Time> idle_since_;  // since when a block of the family could be spared
};

}  // namespace overlay::node
