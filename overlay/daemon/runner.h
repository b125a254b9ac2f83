// SPDX-License-Identifier: Apache-2.0
// The daemon: puts its parts together and carries effects to the part they are for.
//
//   mesh_sessions --\                              /--> mesh_sessions, kernel_keeper
//   kernel_keeper ---+--> driver (core and log) --+
//   api_backend   --+                              \--> api_backend, event log, log, readiness
//   kube_host     --/
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "overlay/control/metrics_server.h"
#include "overlay/control/server.h"
#include "overlay/daemon/alarms.h"
#include "overlay/daemon/api_backend.h"
#include "overlay/daemon/certificate_watch.h"
#include "overlay/daemon/driver.h"
#include "overlay/daemon/kernel_keeper.h"
#include "overlay/daemon/kube_host.h"
#include "overlay/daemon/mesh_sessions.h"
#include "overlay/daemon/options.h"
#include "overlay/daemon/path_probes.h"
#include "overlay/daemon/port_remover.h"
#include "overlay/daemon/preflight.h"
#include "overlay/daemon/readiness.h"
#include "overlay/daemon/traffic_watch.h"
#include "overlay/kube/agent.h"
#include "overlay/store/state_dir.h"
#include "overlay/transport/listener.h"

namespace overlay::daemon {

class Runner {
 public:
  /// Reads the options again, for SIGHUP.
  using Reload = std::function<Result<Request>()>;

  /// Everything that can be refused is refused here, in one sentence, before anything on the host has
  /// changed. The daemon then runs in io.run(), until SIGTERM, SIGINT or a teardown stops the loop; it leaves
  /// the kernel as it is.
  [[nodiscard]] static Result<std::unique_ptr<Runner>> start(boost::asio::io_context& io,
                                                             const Options& options, Reload reload,
                                                             std::string renewed = {});

  /// When the loop has ended: why this host has a new identity and is to be started again with it, as
  /// `renewed`; empty when it was told to end. An error is why it could not have one.
  const Result<std::string>& renewed() const { return renewed_; }

 private:
  Runner(boost::asio::io_context& io, const Options& options, Reload reload, transport::Listener listener);

  [[nodiscard]] Status open_api();
  [[nodiscard]] Status open_node(Host host, const std::string& renewed);
  void open_kubernetes(Rng rng);
  void run(const std::vector<std::string>& warnings);
  void tell_security(const std::optional<transport::Credentials>& credentials,
                     const std::optional<plan::Underlay>& underlay) const;
  void carry_out(node::Effect effect);
  void carry_out(const node::Event& event);
  void carry_out(const node::Rekey& rekey);
  void carry_out(const node::Left& left);
  void stop_after_last_words(const std::string& why);
  void catch_up_with_deletions();
  void wait_for_signal();
  void reload();
  [[nodiscard]] Status reload(const Options& options);
  void stop(std::string_view why);
  void end();
  std::filesystem::path socket_path() const { return options_.run_dir / "overlayd.sock"; }

  boost::asio::io_context& io_;
  Options options_;
  Reload reload_;
  Result<std::string> renewed_ = std::string();
  boost::asio::signal_set signals_;
  boost::asio::steady_timer last_words_;
  boost::asio::steady_timer deletions_;
  control::EventLog events_;
  Alarms alarms_;
  MeshSessions sessions_;
  ApiBackend api_;
  std::optional<store::StateDir> state_dir_;
  std::optional<Driver> driver_;
  std::optional<CertificateWatch> certificates_;
  std::optional<KernelKeeper> kernel_;
  PortRemover ports_;
  std::optional<PathProbes> probes_;
  std::optional<TrafficWatch> traffic_;
  std::optional<Readiness> readiness_;
  std::optional<KubeHost> kube_host_;
  std::optional<kube::Agent> kubernetes_;
  // Last, so that nobody comes in while the rest goes.
  std::optional<transport::Listener> listener_;
  std::unique_ptr<control::Server> server_;
  std::unique_ptr<control::MetricsServer> metrics_;
};

}  // namespace overlay::daemon
