// SPDX-License-Identifier: Apache-2.0
// What the local API asks of the daemon that serves it.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "overlay/base/result.h"
#include "overlay/ipam/lease.h"
#include "overlay/mesh/figures.h"
#include "overlay/node/io.h"
#include "overlay/paths/figures.h"
#include "overlay/v1/control.pb.h"

namespace overlay::control {

/// Called exactly once, on the thread of the event loop, at once or later.
/// The value is empty where there is nothing to tell (a release).
using LeaseReply = std::function<void(Result<std::optional<node::LeaseAnswer>>)>;
/// What was removed, one line an object.
using TeardownReply = std::function<void(Result<v1::Removed>)>;

using ForgetReply = std::function<void(Result<v1::Forgotten>)>;
using ExtendReply = std::function<void(Result<v1::Extended>)>;
using AssignReply = std::function<void(Result<v1::Assigned>)>;
using ExposeReply = std::function<void(Result<v1::Exposed>)>;
using TargetsReply = std::function<void(Result<v1::Targets>)>;
using DrainReply = std::function<void(Result<v1::Drained>)>;
using LeaveReply = std::function<void(Result<v1::Leaving>)>;
using RecoverReply = std::function<void(Result<v1::Recovered>)>;

struct Overview {
  v1::Status status;
  v1::Links links;
};

/// Implemented by the daemon; every call comes from the thread of the event loop. The getters are snapshots
/// and must not block; view.h and map_view.h make most of
/// their answers from a node::View.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual v1::Status status() = 0;
  /// Status and links at once, of one look.
  virtual Overview overview() = 0;
  virtual v1::Peers peers() = 0;
  virtual v1::Paths paths() = 0;
  virtual v1::Links links() = 0;
  virtual v1::Ipam ipam() = 0;
  virtual v1::Addresses addresses() = 0;
  virtual v1::Routes routes() = 0;
  virtual v1::Version version() = 0;
  /// For metrics alone.
  virtual paths::Figures path_figures() = 0;
  virtual mesh::Figures mesh_figures() = 0;
  virtual v1::Map map() = 0;

  /// A CNI ADD: leases addresses, or finds the lease there is.
  virtual void lease_add(const ipam::LeaseRequest& request, LeaseReply reply) = 0;
  /// A CNI DEL: takes the interface away and gives the lease back; that there is none is no error.
  virtual void lease_del(const ipam::LeaseKey& key, LeaseReply reply) = 0;
  /// A CNI CHECK: the lease as it is; Errc::not_found when there is none.
  virtual void lease_check(const ipam::LeaseKey& key, LeaseReply reply) = 0;
  /// A CNI GC: gives back what `network` leases to others than `valid`.
  virtual void lease_collect(const std::string& network, const std::set<ipam::LeaseKey>& valid,
                             LeaseReply reply) = 0;
  /// Removes dead nodes by decree, or says what that would do.
  virtual void forget(const v1::ForgetRequest& request, ForgetReply reply) = 0;
  /// Adds a pool by decree, or says what that would do.
  virtual void extend(const v1::ExtendRequest& request, ExtendReply reply) = 0;
  /// Settles by decree who owns a prefix, or says what that would do.
  virtual void assign(const v1::AssignRequest& request, AssignReply reply) = 0;
  /// One more address of this host; takes it back.
  virtual void expose(const v1::ExposeRequest& request, ExposeReply reply) = 0;
  virtual void hide(const v1::ExposeRequest& request, ExposeReply reply) = 0;
  /// Calls these hosts for ever too, or ends that.
  virtual void connect(const v1::TargetsRequest& request, TargetsReply reply) = 0;
  virtual void disconnect(const v1::TargetsRequest& request, TargetsReply reply) = 0;
  /// No new pods here from now on; `on` false: that ends.
  virtual void drain(bool on, DrainReply reply) = 0;
  /// Leaves the cluster for good, or says what that would do.
  virtual void leave(const v1::LeaveRequest& request, LeaveReply reply) = 0;
  /// Appoints new voters in place of a lost majority.
  virtual void recover(const v1::RecoverRequest& request, RecoverReply reply) = 0;
  /// The node's state, for a rebuild: the bytes of a file that holds its key.
  virtual Result<std::string> backup() = 0;
  /// Removes every kernel object of ours, answers, and lets the daemon exit.
  virtual void teardown(TeardownReply reply) = 0;
};

}  // namespace overlay::control
