// SPDX-License-Identifier: Apache-2.0
// Whom this node calls for ever, members or not: those of its command line (--join), those its operator has
// added since, which are on disk, and those that Kubernetes knows.
#pragma once

#include "overlay/node/context.h"

namespace overlay::node {

class Targets {
 public:
  explicit Targets(Context& context) : context_(context) {}

  /// Calls them too, from now on and after restarts.
  void connect(CallId call, const std::vector<HostPort>& hosts);
  /// Ends that; sessions that are there stay. Errc::refused for one of the command line, Errc::not_found for
  /// one that is no target: then none is dropped.
  void disconnect(CallId call, const std::vector<HostPort>& hosts);
  /// All that Kubernetes knows.
  void discover(std::vector<HostPort> hosts);
  void restore(const wire::TargetsEntry& entry) { context_.targets = entry; }

  /// Each once: of the command line, the operator's, and the discovered ones.
  std::vector<HostPort> all() const;

 private:
  Status may_drop(const HostPort& host) const;
  void tell_changes(const wire::TargetsEntry& entry);
  void put(wire::TargetsEntry entry);

  Context& context_;
  std::vector<HostPort> discovered_;
};

}  // namespace overlay::node
