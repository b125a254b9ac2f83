// SPDX-License-Identifier: Apache-2.0
// This node as the Kubernetes side sees it: the core, the secret on disk, the mesh's keys.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "overlay/base/secret.h"
#include "overlay/daemon/api_backend.h"
#include "overlay/daemon/driver.h"
#include "overlay/daemon/mesh_sessions.h"
#include "overlay/daemon/options.h"
#include "overlay/kube/host.h"

namespace overlay::daemon {

class KubeHost : public kube::Host {
 public:
  KubeHost(const Options& options, Driver& driver, MeshSessions& sessions, ApiBackend& api)
      : options_(options), driver_(driver), sessions_(sessions), api_(api) {}

  bool wants_secret() const override;
  Result<std::string> offer_secret() override;
  /// A secret that differs from the last is ours from now on; the last is accepted until overlayd restarts,
  /// so that it can be changed while nodes learn of it one by one.
  Status use_secret(const std::string& text) override;

  std::optional<kube::GenesisObject> genesis() const override;
  Result<kube::GenesisObject> propose_genesis() override;
  Status adopt_genesis(const Bytes& record) override;
  std::vector<Prefix> pools() const override { return options_.genesis.pools; }

  void call(const std::vector<Ip>& peers) override;
  void see_own_node(const kube::Node& node) override;
  bool is_ready() const override;

  bool may_lead() const override;
  std::vector<kube::Member> members() const override;
  void forget(const kube::Member& member, std::function<void(const Status&)> done) override;

  Time now() const override;
  WallTime wall_now() const override;
  void tell(bool is_warning, const std::string& text) override;

 private:
  node::View view() const;

  const Options& options_;
  Driver& driver_;
  MeshSessions& sessions_;
  ApiBackend& api_;
  std::optional<Secret> secret_;  // as last used
  std::vector<Ip> peers_;
  std::string uid_;
  std::vector<Prefix> pod_cidrs_;
};

}  // namespace overlay::daemon
