// SPDX-License-Identifier: Apache-2.0
// What a voter does with the space of the seats it holds: it grants blocks, takes back what is returned or
// was removed nodes', carries out what decrees assign, and puts returned halves together again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "overlay/node/takeover.h"

namespace overlay::node {

class Grants {
 public:
  Grants(Context& context, Quorum& quorum, Takeover& takeover)
      : context_(context), quorum_(quorum), takeover_(takeover) {}

  void hear(const Heard& heard, const wire::BlockRequest& request, Time now);
  void hear(const Heard& heard, const wire::Return& given, Time now);

  /// In this generation of decrees the free space is no longer held back.
  void restore_released(std::uint64_t generation) { released_ = generation; }
  std::uint64_t released() const { return released_; }

  void tick(Time now);
  Time next_deadline() const;

 private:
  wire::BlockReply grant(const NodeId& owner, const wire::BlockRequest& asked, Time now);
  bool is_claimed_by(const NodeId& owner, const Prefix& prefix) const;
  wire::BlockReply granted(const RequestId& request, const Prefix& prefix) const;
  Result<Prefix> choose(const NodeId& owner, const wire::BlockRequest& asked, Time now) const;
  Result<Prefix> check_named(const NodeId& owner, const wire::BlockRequest& asked) const;
  std::optional<Prefix> choose_any(Family family, Time now) const;
  bool is_rested(const ipam::BlockRecord& block, Time now) const;
  std::string exhausted(Family family, Time now) const;
  bool holds(const ipam::BlockRecord& block) const;
  void reclaim(Time now);
  void assign(Time now);
  void assign(const Prefix& prefix, const consensus::Chain::Assigned& to, Time now);
  void coalesce(Time now);
  bool is_idle(const Prefix& prefix, Time now);
  void watch_recovery(Time now);
  bool holds_back() const;

  Context& context_;
  Quorum& quorum_;
  Takeover& takeover_;
  Time chores_due_;
  std::uint64_t term_ = 0;            // when the chores were last done
  std::uint64_t released_ = 0;        // the last generation whose free space is no longer held back
  std::optional<Time> recovered_at_;  // since when this voter holds back what is free
};

}  // namespace overlay::node
