// SPDX-License-Identifier: Apache-2.0
// Address blocks: asking the voters for what this node lacks, giving back what it no longer uses, granting
// and taking back as holder of seats, and applying the block records that arrive.
#pragma once

#include <map>
#include <set>
#include <string>

#include "overlay/node/takeover.h"

namespace overlay::node {

/// A request for a block of one family that has not been answered by a record yet.
struct PendingBlock {
  RequestId request;
  NodeId voter;  // whom it was said to: another voter gets another request, so none is served twice
  Time ask_at;   // again
  Duration step{};
  std::size_t unanswered = 0;              // times it was said since the last answer
  std::map<NodeId, std::string> refusals;  // of the voters asked in this round
  std::string trouble;                     // why it is not granted yet, as last known
};

/// A block on its way back to its seat.
struct ReturningBlock {
  Time ask_at;
  Duration step{};
};

class Blocks {
 public:
  Blocks(Context& context, Quorum& quorum, Takeover& takeover)
      : context_(context), quorum_(quorum), takeover_(takeover) {}

  /// A block record was accepted from others.
  void apply(const wire::Record& record, Time now);
  void hear(const Heard& heard, const wire::BlockRequest& request, Time now);
  void hear(const Heard& heard, const wire::BlockReply& reply, Time now);
  void hear(const Heard& heard, const wire::Return& given, Time now);
  void clash(const wire::Record& record, Time now);
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
  void begin_request(Family family, PendingBlock& pending, Time now);
  void ask(Family family, PendingBlock& pending, Time now);
  std::optional<NodeId> next_voter(const PendingBlock& pending);
  wire::BlockReply grant(const NodeId& owner, Family family, const RequestId& request, Time now);
  std::string exhausted(Family family) const;
  void merge(const wire::Record& record, Time now);
  void take(const ipam::BlockRecord& block);
  void lose(const ipam::BlockRecord& block);
  void spare(Time now);
  void reclaim(Time now);
  void give_back(const Prefix& prefix, ReturningBlock& returning, Time now);
  void report_fork(const ipam::BlockRecord& block, Time now);

  Context& context_;
  Quorum& quorum_;
  Takeover& takeover_;
  std::map<Family, PendingBlock> pending_;
  std::map<Prefix, ReturningBlock> returning_;
  std::map<Prefix, Time> quarantined_;  // since when, as this voter saw it
  Time reclaim_due_;
  std::map<Family, Time> idle_since_;  // since when a block of the family could be spared
};

}  // namespace overlay::node
