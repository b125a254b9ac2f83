// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/runner.h"

#include <linux/netlink.h>
#include <sys/random.h>

#include <csignal>
#include <set>

#include "overlay/control/figures.h"
#include "overlay/daemon/backup.h"
#include "overlay/daemon/cni_install.h"
#include "overlay/daemon/del_queue.h"
#include "overlay/daemon/log.h"
#include "overlay/daemon/machine.h"
#include "overlay/daemon/notify.h"
#include "overlay/daemon/secrets.h"
#include "overlay/store/identity.h"

namespace overlay::daemon {
namespace {

using boost::system::error_code;

/// How often deletions that found nobody to ask, and pods that went without one, are looked for.
constexpr std::chrono::milliseconds deletions_interval = std::chrono::seconds(30);
/// And no rarer than that in the time a pod may be without an interface.
constexpr int looks_while_absent = 4;
/// The answer to who ends this daemon is given this long to leave before the daemon does.
constexpr auto last_words = std::chrono::milliseconds(300);

Rng random_rng() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof(seed), 0) != static_cast<ssize_t>(sizeof(seed)))
    std::abort();  // getrandom(2): up to 256 bytes always come
  return Rng(seed);
}

/// Where the operator named no addresses, a host without one of the families listens on the other.
Result<transport::Listener> open_listener(boost::asio::io_context& io, const Options& options) {
  auto listener = transport::Listener::open(io.get_executor(), options.listen);
  if (listener || options.listen_given || listener.error().code != Errc::unsupported) return listener;
  std::vector<Endpoint> v4;
  for (const Endpoint& endpoint : options.listen) {
    if (endpoint.address.is_v4()) v4.push_back(endpoint);
  }
  return transport::Listener::open(io.get_executor(), v4);
}

/// What a kernel holds of an earlier life.
struct Inherited {
  ClusterId cluster;  // zero: nothing
  plan::FoundWays ways;
};

Result<Inherited> look_at_kernel(kernel::Kernel& kernel) {
  OVERLAY_TRY(const auto cluster, kernel.cluster());
  OVERLAY_TRY(auto ways, kernel.ways());
  return Inherited{cluster.value_or(ClusterId()), std::move(ways)};
}

Result<node::Config> node_config(const Options& options,
                                 const std::optional<transport::Credentials>& credentials, Host& host,
                                 const std::string& renewed) {
  OVERLAY_TRY(Inherited inherited, look_at_kernel(host.kernel));
  OVERLAY_TRY(const Nonce instance, instance_of_boot(options.run_dir));
  node::Config config{.name = options.name,
                      .zone = options.zone,
                      .version = OVERLAY_VERSION,
                      .join = options.join,
                      .bootstrap = options.bootstrap,
                      .kubernetes = options.kubernetes,
                      .bootstrap_expect = options.bootstrap_expect,
                      .genesis = options.genesis,
                      .given = options.given,
                      .listen_ports = {},
                      .wireguard_port = options.wireguard_port,
                      .pair_roots = pair_roots(credentials),
                      .mtu = options.mtu,
                      .direct_routes = options.direct_routes,
                      .no_masquerade = options.no_masquerade,
                      .reap_after = options.reap_after,
                      .offline_start = options.offline_start,
                      .instance = instance,
                      .binding = machine_marks(),
                      .rekeyed = renewed,
                      .kernel_cluster = inherited.cluster,
                      .kernel_ways = std::move(inherited.ways)};
  if (host.underlay) config.genesis.underlay_family = host.underlay->address.family();
  std::set<std::uint16_t> ports;
  for (const Endpoint& endpoint : options.listen) ports.insert(endpoint.port);
  config.listen_ports.assign(ports.begin(), ports.end());
  return config;
}

/// What the state directory held, opened and found to be of one piece.
struct State {
  store::Identity identity;
  store::Recovered recovered;
  store::Store store;
};

/// The log is begun before the identity is made, so an identity without a log is a loss and not a first
/// start. A node that went on under it would lease its pods' addresses again.
Status check_not_lost(const store::StateDir& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory.path() / "identity", error) ||
      std::filesystem::exists(directory.path() / "state.log", error)) {
    return {};
  }
  return fail(
      Errc::corrupt,
      directory.path().string() +
          ": there is an identity but its state.log was lost; restore the log from a backup, or stop the "
          "pods of this host, move the directory away and let the host join as a new node");
}

Result<State> open_state(const store::StateDir& directory) {
  OVERLAY_CHECK(check_not_lost(directory));
  store::Recovered recovered;
  OVERLAY_TRY(auto store, store::Store::open(directory, recovered));
  OVERLAY_TRY(auto identity, store::load_or_create_identity(directory));
  if (identity.created && !recovered.entries.empty()) {
    return fail(Errc::corrupt,
                directory.path().string() +
                    ": there is a state.log but no identity it belongs to; restore the identity from a "
                    "backup, or move the directory away and let the host join as a new node");
  }
  return State{std::move(identity), std::move(recovered), std::move(store)};
}

}  // namespace

Runner::Runner(boost::asio::io_context& io, const Options& options, Reload reload,
               transport::Listener listener)
    : io_(io),
      options_(options),
      reload_(std::move(reload)),
      signals_(io, SIGTERM, SIGINT, SIGHUP),
      last_words_(io),
      deletions_(io),
      alarms_([this](const node::Event& event) { carry_out(event); }),
      sessions_(io),
      api_({.started = wall_now(), .authenticated = !options.insecure},
           [this] { stop_after_last_words("teardown"); }),
      ports_(io),
      listener_(std::move(listener)) {}

Result<std::unique_ptr<Runner>> Runner::start(boost::asio::io_context& io, const Options& options,
                                              Reload reload, std::string renewed) {
  OVERLAY_TRY(Preflight preflight, check_host(options));
  if (!makes_secret(options)) {
    OVERLAY_CHECK(load_credentials(options));
  }
  OVERLAY_TRY(auto listener, open_listener(io, options));
  std::unique_ptr<Runner> runner(new Runner(io, options, std::move(reload), std::move(listener)));
  OVERLAY_CHECK(runner->open_api());
  OVERLAY_CHECK(runner->open_node(std::move(preflight.host), renewed));
  runner->run(preflight.warnings);
  return runner;
}

/// The sockets only; nobody is answered before the loop runs.
Status Runner::open_api() {
  std::error_code error;
  std::filesystem::create_directories(options_.run_dir, error);
  if (error) {
    return fail(Errc::io, "--run-dir " + options_.run_dir.string() + ": " + error.message() +
                              "; name a directory that can be made");
  }
  const control::ServerOptions server{.path = socket_path().string(), .limits = {}};
  OVERLAY_TRY(server_, control::Server::listen(io_, server, api_, events_));
  if (!options_.metrics) return {};
  OVERLAY_TRY(metrics_, control::MetricsServer::listen(io_, *options_.metrics, api_, events_, options_.map));
  return {};
}

Status Runner::open_node(Host host, const std::string& renewed) {
  OVERLAY_TRY(state_dir_, store::StateDir::open(options_.state_dir));
  OVERLAY_TRY(auto credentials, load_credentials(options_));
  OVERLAY_TRY(State state, open_state(*state_dir_));
  const NodeId id = state.identity.key.node_id();
  if (credentials) OVERLAY_CHECK(check_node(options_, *credentials, id));
  OVERLAY_TRY(auto config, node_config(options_, credentials, host, renewed));
  Rng rng = random_rng();
  OVERLAY_TRY(auto echo, kernel::EchoSockets::open(static_cast<std::uint16_t>(rng.next())));
  OVERLAY_TRY(auto netfilter, kernel::Socket::open(NETLINK_NETFILTER));
  auto node = node::Node::start(std::move(config), state.identity.key, state.recovered.entries,
                                Rng(rng.next()), now());
  if (!node) return node.error();
  driver_.emplace(io_, *std::move(node), std::move(state.store),
                  [this](node::Effect effect) { carry_out(std::move(effect)); });
  tell_security(credentials, host.underlay);
  kernel_.emplace(io_, options_, std::move(host), *driver_, alarms_, Rng(rng.next()));
  kernel_->on_address_lost([this](const Ip& address) { sessions_.lose(address); });
  kernel_->on_port_gone([this](int port) { ports_.gone(port); });
  probes_.emplace(io_, std::move(echo), *driver_);
  traffic_.emplace(io_, std::move(netfilter), *driver_);
  readiness_.emplace(io_, *driver_, [this] { install_cni_plugin(io_, options_, socket_path()); });
  if (!options_.tls_cert.empty()) {
    certificates_.emplace(io_, options_, id, std::get<transport::Certificates>(*credentials), sessions_,
                          alarms_);
  }
  sessions_.attach(*driver_, std::move(credentials));
  if (certificates_) certificates_->look();
  api_.attach(*driver_, *kernel_, ports_, alarms_);
  api_.attach([this, key = state.identity.key] { return back_up(driver_->node(), key, options_); });
  if (options_.kubernetes) open_kubernetes(Rng(rng.next()));
  if (!state.recovered.warning.empty())
    log(spdlog::level::warn, "store", {{"text", state.recovered.warning}});
  return {};
}

void Runner::open_kubernetes(Rng rng) {
  kube_host_.emplace(options_, *driver_, sessions_, api_);
  const kube::AgentOptions options{.access = {options_.kube_api, options_.kube_account},
                                   .node = options_.name,
                                   .forget_after = options_.forget_after};
  kubernetes_.emplace(io_, options, *kube_host_, rng);
  api_.attach(*kubernetes_);
}

void Runner::tell_security(const std::optional<transport::Credentials>& credentials,
                           const std::optional<plan::Underlay>& underlay) const {
  if (!credentials) {
    return log(
        spdlog::level::warn, "security",
        {{"text",
          "--insecure: mesh sessions are neither encrypted nor protected by a secret: whoever reaches a "
          "--listen port can join"}});
  }
  tell(*credentials);
  const auto line = joining_line(options_, underlay ? std::optional(underlay->address) : std::nullopt);
  if (!line.empty()) log(spdlog::level::info, "security", {{"text", line}});
}

void Runner::run(const std::vector<std::string>& warnings) {
  const node::View view = driver_->node().view(now());
  std::string listen;
  for (const Endpoint& endpoint : listener_->endpoints())
    listen += (listen.empty() ? "" : ",") + endpoint.text();
  log(spdlog::level::info, "start",
      {{"name", view.name},
       {"id", view.id.hex()},
       {"underlay", kernel_->underlay() ? kernel_->underlay()->address.text() : "none"},
       {"listen", listen},
       {"version", OVERLAY_VERSION}});
  for (const std::string& warning : warnings) log(spdlog::level::warn, "route", {{"text", warning}});
  catch_up_with_deletions();
  listener_->start([this](transport::tcp::socket socket, const Endpoint& remote) {
    sessions_.accept(std::move(socket), remote);
  });
  kernel_->start();
  readiness_->look();
  if (kubernetes_) kubernetes_->start();
  wait_for_signal();
}

void Runner::carry_out(node::Effect effect) {
  std::visit(
      [this](auto&& it) {
        using Effect = std::decay_t<decltype(it)>;
        if constexpr (std::is_same_v<Effect, node::ReconcileKernel>) {
          kernel_->request(it);
        } else if constexpr (std::is_same_v<Effect, node::Answer>) {
          api_.carry_out(std::move(it));
        } else if constexpr (std::is_same_v<Effect, node::Event> || std::is_same_v<Effect, node::Rekey> ||
                             std::is_same_v<Effect, node::Left>) {
          carry_out(it);
        } else {
          sessions_.carry_out(it);
        }
      },
      std::move(effect));
}

void Runner::carry_out(const node::Event& event) {
  log(event);
  events_.add(event, wall_now());
  control::Figures::instance().count(event);
  if (event.kind != "node") return;
  readiness_->look();
  if (kubernetes_) kubernetes_->readiness_changed();
}

/// The old identity and log are put aside, and all begins anew, as at a first start that knows its cluster.
void Runner::carry_out(const node::Rekey& rekey) {
  driver_->stop();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wall_now().time_since_epoch());
  const std::string suffix = rekey.cause + "-" + std::to_string(seconds.count());
  const Status done = store::renew(*state_dir_, suffix, driver_->node().heirloom());
  const std::string kept = (state_dir_->path() / ("{identity,state.log}." + suffix)).string();
  renewed_ =
      done ? Result<std::string>(options_.name + " has a new identity, for " + rekey.why +
                                 "; pods that ran here before have addresses nobody reaches any more: start "
                                 "them anew. The old state is kept as " +
                                 kept)
           : Result<std::string>(with_context("a new identity is due, for " + rekey.why, done.error()));
  end();
}

/// Nobody sends anything here any more.
void Runner::carry_out(const node::Left& /*left*/) {
  if (const Status removed = kernel_->teardown(); !removed) {
    log(spdlog::level::err, "kernel",
        {{"text", removed.error().text + "; 'overlayctl teardown' removes what is left of the overlay"}});
  }
  stop_after_last_words("left the cluster");
}

void Runner::stop_after_last_words(const std::string& why) {
  last_words_.expires_after(last_words);
  last_words_.async_wait([this, why](const error_code&) { stop(why); });
}

void Runner::catch_up_with_deletions() {
  drain_del_queue(
      options_.run_dir / "del-queue",
      [this](const ipam::LeaseKey& key, control::LeaseReply reply) { api_.release(key, std::move(reply)); });
  kernel_->look_at_interfaces();
  const std::chrono::milliseconds reap_after = options_.reap_after;
  deletions_.expires_after(std::min(deletions_interval, reap_after / looks_while_absent));
  deletions_.async_wait([this](const error_code& error) {
    if (!error) catch_up_with_deletions();
  });
}

void Runner::wait_for_signal() {
  signals_.async_wait([this](const error_code& error, int signal) {
    if (error) return;
    if (signal != SIGHUP) return stop(signal == SIGTERM ? "SIGTERM" : "SIGINT");
    reload();
    wait_for_signal();
  });
}

void Runner::reload() {
  const auto request = reload_();
  const Status done = request ? reload(request->options) : Status(request.error());
  if (!done)
    return log(spdlog::level::warn, "reload", {{"text", done.error().text + "; nothing was changed"}});
  log(spdlog::level::info, "reload", {{"text", "log level and secrets read again"}});
}

Status Runner::reload(const Options& options) {
  if (options.insecure != options_.insecure) {
    return fail(Errc::invalid, "--insecure cannot change while overlayd runs; restart it");
  }
  if (options.tls_cert != options_.tls_cert) {
    return fail(Errc::invalid,
                "--tls-cert cannot change while overlayd runs: put the new certificate into the file");
  }
  if (certificates_) {
    certificates_->look();
  } else if (!options.insecure) {
    OVERLAY_TRY(auto credentials, load_credentials(options));
    take_up(*credentials, *driver_, sessions_);
  }
  set_log_level(options.log_level);
  return {};
}

/// Traffic is the kernel's and goes on; peers see the connections end at once.
void Runner::stop(std::string_view why) {
  notify_manager("STOPPING=1");
  log(spdlog::level::info, "stop", {{"text", std::string(why)}});
  end();
}

void Runner::end() {
  server_.reset();
  metrics_.reset();
  listener_.reset();
  driver_->stop();
  io_.stop();
}

}  // namespace overlay::daemon
