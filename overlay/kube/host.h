// SPDX-License-Identifier: Apache-2.0
// What the Kubernetes side asks of, and tells, the node it works for. The daemon is one; tests have another.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "overlay/base/time.h"
#include "overlay/kube/departures.h"
#include "overlay/kube/objects.h"

namespace overlay::kube {

class Host {
 public:
  virtual ~Host() = default;

  // ---- the secret ----
  /// False with --insecure or --secret-file.
  virtual bool wants_secret() const = 0;
  /// What the cluster's is to be if there is none: this host's own, else a fresh one.
  virtual Result<std::string> offer_secret() = 0;
  /// Each time it has been read.
  virtual Status use_secret(const std::string& text) = 0;

  // ---- the cluster ----
  /// Nothing before this node is in one.
  virtual std::optional<GenesisObject> genesis() const = 0;
  virtual Result<GenesisObject> propose_genesis() = 0;
  virtual Status adopt_genesis(const Bytes& record) = 0;
  /// What it would be founded with.
  virtual std::vector<Prefix> pools() const = 0;

  // ---- Nodes ----
  /// Whom to call, from now on.
  virtual void call(const std::vector<Ip>& peers) = 0;
  /// This host's Node, when it has changed.
  virtual void see_own_node(const Node& node) = 0;
  /// Pods can have a network here.
  virtual bool is_ready() const = 0;

  // ---- departures ----
  /// It is a voter; or no voter can be reached, and it is one of the few who then say so.
  virtual bool may_lead() const = 0;
  /// All other nodes of the cluster that are not removed yet.
  virtual std::vector<Member> members() const = 0;
  /// `done` is called once, later.
  virtual void forget(const Member& member, std::function<void(const Status&)> done) = 0;

  virtual Time now() const = 0;
  virtual WallTime wall_now() const = 0;
  virtual void tell(bool is_warning, const std::string& text) = 0;
};

}  // namespace overlay::kube
