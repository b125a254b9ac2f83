// SPDX-License-Identifier: Apache-2.0
// A node's view and lease answers in the words of the local API. Pure: the clocks are arguments.
#pragma once

#include <set>

#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/ipam/lease.h"
#include "overlay/node/io.h"
#include "overlay/node/plans.h"
#include "overlay/node/view.h"
#include "overlay/v1/control.pb.h"

namespace overlay::control {

/// The same moment on both clocks; tells when, on the wall, something in core time happened.
struct ClockPair {
  Time core;
  WallTime wall;

  WallTime wall_time(Time t) const {
    return wall + std::chrono::duration_cast<std::chrono::milliseconds>(t - core);
  }
  /// Two readings of the clocks are never taken at quite the same moment. As long as nobody sets the wall
  /// clock the first pairing counts: then a moment reads the same in every answer.
  void keep_up(const ClockPair& fresh) {
    if (std::chrono::abs(fresh.wall - wall_time(fresh.core)) > std::chrono::seconds(1)) *this = fresh;
  }
};

google::protobuf::Timestamp to_timestamp(WallTime t);
WallTime to_wall_time(const google::protobuf::Timestamp& t);

/// What the shell knows of this daemon and the core does not.
struct DaemonFacts {
  WallTime started;
  bool authenticated = false;  // peers prove themselves by a secret or certificates
};

v1::Status to_status(const node::View& view, const DaemonFacts& facts, const ClockPair& clock);
v1::Peers to_peers(const node::View& view, const ClockPair& clock);
v1::Paths to_paths(const node::View& view, const ClockPair& clock);
v1::Links to_links(const node::View& view, const ClockPair& clock);
v1::Ipam to_ipam(const node::View& view);
v1::Addresses to_addresses(const node::View& view);

node::ForgetRequest to_forget_request(const v1::ForgetRequest& request);
v1::Forgotten to_forgotten(const node::ForgetPlan& plan, bool dry_run);
v1::Targets to_targets(const node::View& view);
v1::Drained to_drained(const node::View& view);
v1::Leaving to_leaving(const node::LeavePlan& plan, const std::string& name);
v1::Leaving to_leaving(const node::View& view);
v1::Extended to_extended(const node::ExtendPlan& plan, bool dry_run);
v1::Assigned to_assigned(const node::AssignPlan& plan, bool dry_run);

v1::Lease to_lease(const node::LeaseAnswer& answer);
/// Errc::invalid, naming the field, for names that the CNI specification does not allow.
[[nodiscard]] Result<ipam::LeaseKey> to_lease_key(const v1::LeaseRequest& request);
/// The same, with what is wished for.
[[nodiscard]] Result<ipam::LeaseRequest> to_lease_request(const v1::LeaseRequest& request);
/// The same for each attachment of a network.
[[nodiscard]] Result<std::set<ipam::LeaseKey>> to_valid(const v1::CollectRequest& request);

}  // namespace overlay::control
