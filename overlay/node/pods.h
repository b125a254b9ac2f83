// SPDX-License-Identifier: Apache-2.0
// Pod addresses: the local API's calls to lease, check and release them. A lease is on disk before it is
// answered, a release within a second. Those that nobody gives back are reaped: a pod whose interface is gone
// cannot use its address.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "overlay/node/context.h"

namespace overlay::node {

class Pods {
 public:
  explicit Pods(Context& context) : context_(context) {}

  /// Why an ADD may be refused, as the node knows it at this moment.
  struct Obstacles {
    std::string waiting_for;    // the node cannot serve yet
    std::string block_refusal;  // why it got no further block
    std::string closed;         // no new pod is taken
  };
  void lease(CallId call, const ipam::LeaseRequest& request, const Obstacles& obstacles, WallTime wall,
             Time now);
  void check(CallId call, const ipam::LeaseKey& key);
  void release(CallId call, const ipam::LeaseKey& key, Time now);
  /// Releases all of `network` but what `valid` holds.
  void collect(CallId call, const std::string& network, const std::set<ipam::LeaseKey>& valid, Time now);
  /// `present`: the names of all interfaces of this host. Pods that the log does not know are found at the
  /// first look. Releases what has had none for Config::reap_after, at no fewer than `looks_min` looks.
  void look(const std::set<std::string>& present, Time now);

  /// Between the lease and the interface an ADD may be held up, but not for that many looks.
  static constexpr int looks_min = 3;

 private:
  struct Absence {
    Time since;
    int looks = 0;
  };

  void look_for_strangers(const std::set<std::string>& present, Time now);
  void free(const ipam::LeaseKey& key, std::string_view why, Time now);
  LeaseAnswer answer(const ipam::Lease& lease) const;
  void reply(CallId call, Result<std::optional<LeaseAnswer>> result);

  Context& context_;
  bool looked_ = false;
  std::map<ipam::LeaseKey, Absence> absent_;  // leases whose interface was not there when last looked
};

}  // namespace overlay::node
