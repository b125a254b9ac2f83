// SPDX-License-Identifier: Apache-2.0
// Address blocks: asking the voters for what this node lacks, granting what others ask of the seats it holds,
// and applying the block records that arrive.
#pragma once

#include <map>
#include <string>

#include "overlay/node/context.h"

namespace overlay::node {

/// A request for a block of one family that has not been answered by a record yet.
struct PendingBlock {
  RequestId request;
  Time ask_at;  // again
  Duration step{};
  std::string refusal;  // the last one
};

class Blocks {
 public:
  explicit Blocks(Context& context) : context_(context) {}

  /// May this record exist? (Its signature is known to be good.)
  [[nodiscard]] Status judge(const wire::Record& record) const;
  /// A block record was accepted from others.
  void apply(const wire::Record& record, Time now);
  void hear(const Heard& heard, const wire::BlockRequest& request, Time now);
  void hear(const wire::BlockReply& reply);
  void clash(const wire::Record& record, Time now);
  void tick(Time now);
  Time next_deadline() const;

  void restore_pending(Family family, const RequestId& request) { pending_[family].request = request; }
  /// Forgets the request that this record answers.
  void settle_pending(const ipam::BlockRecord& block);
  const std::map<Family, PendingBlock>& pending() const { return pending_; }
  /// Why the last request for a block was not granted; empty when none was refused.
  std::string refusal() const;
  /// Why there is no block of some family yet; empty when there is one of each.
  std::string waiting_for() const;

 private:
  void want(Time now);
  void ask(Family family, PendingBlock& pending, Time now);
  Result<Bytes> grant(const NodeId& owner, Family family, const RequestId& request, Time now);
  std::string exhausted(Family family) const;
  void take(const ipam::BlockRecord& block);
  void report_fork(const ipam::BlockRecord& block, Time now);

  Context& context_;
  std::map<Family, PendingBlock> pending_;
};

}  // namespace overlay::node
