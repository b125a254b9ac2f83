// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/world.h"

#include <algorithm>

namespace overlay::sim {
namespace {

using std::chrono::seconds;

/// So many steps without the clock moving are a loop.
constexpr std::uint64_t most_steps_a_moment = 1'000'000;
/// Machines are switched on within this span.
constexpr auto boot_span = seconds(3);

/// What the kernel lacks of the routes that follow from the records, or has beyond them; empty when nothing.
std::string difference(const Kernel::Routes& has, const Kernel::Routes& wanted) {
  for (const auto& [prefix, route] : wanted) {
    const auto at = has.find(prefix);
    const std::string rule = prefix.text() + " by " + route.underlay.text();
    if (at == has.end()) return "its kernel has no route to " + rule;
    if (at->second != route)
      return "its kernel routes " + prefix.text() + " by " + at->second.underlay.text() + ", not by " +
             route.underlay.text();
  }
  for (const auto& [prefix, route] : has) {
    if (!wanted.contains(prefix)) return "its kernel has a route to " + prefix.text() + ", which nobody owns";
  }
  return {};
}

}  // namespace

World::World(Options options)
    : options_(std::move(options)),
      network_(queue_, log_, Rng(options_.seed ^ 0x6e6574)),
      invariants_(options_.hosts + options_.spares, options_.expect, verdict_),
      hostile_(options_.hosts + options_.spares, queue_, network_, log_, verdict_,
               Rng(options_.seed ^ 0x6c6965)),
      size_(options_.hosts) {
  Rng rng(options_.seed);
  if (options_.data_paths) data_path_.emplace(network_);
  for (HostIndex i = 0; i < options_.hosts + options_.spares; ++i) {
    const Shared shared{queue_, network_, invariants_, log_, verdict_, data_path()};
    hosts_.push_back(
        std::make_unique<Host>(i, shared, config_of(i, rng), rng.next(), options_.most_containers));
    network_.attach(*hosts_.back(), i % options_.zones);
    if (data_path_) data_path_->attach(hosts_.back()->kernel(), hosts_.back()->id());
  }
  network_.attach(hostile_, 0);
  if (options_.voters > 1) found_together();
}

void World::found_together() {
  consensus::Genesis genesis;
  genesis.pools = options_.pools;
  genesis.feature_level = options_.feature_level;
  genesis.block_length_v4 = options_.block_length_v4;
  genesis.block_length_v6 = options_.block_length_v6;
  genesis.ipam = options_.ipam;
  for (HostIndex i = 0; i < options_.voters; ++i) genesis.voters.push_back(hosts_[i]->identity().public_key);
  std::sort(genesis.voters.begin(), genesis.voters.end());
  const wire::Record record = wire::seal(genesis, {}, hosts_[0]->identity(), ClusterId{});
  for (HostIndex i = 0; i < options_.voters; ++i) hosts_[i]->remember(record);
}

node::Config World::config_of(HostIndex index, Rng& rng) {
  node::Config config;
  config.name = host_name(index);
  config.zone = "z" + std::to_string(index % options_.zones + 1);
  config.version = "sim";
  config.opener = &interner_;
  config.probe_paths = options_.data_paths;
  config.listen_ports = {mesh_port};
  config.choose_voters = options_.choose_voters;
  if (rng.one_in(2)) config.binding = {"machine of " + host_name(index)};
  config.reap_after = seconds(20);  // so that what a crash brought back is gone while a scenario waits
  config.spare_after = options_.spare_after;
  config.quarantine = options_.quarantine;
  config.genesis.pools = options_.pools;
  config.genesis.feature_level = options_.feature_level;
  config.genesis.block_length_v4 = options_.block_length_v4;
  config.genesis.block_length_v6 = options_.block_length_v6;
  config.genesis.ipam = options_.ipam;
  config.kubernetes = options_.ipam == consensus::Ipam::kubernetes;
  if (options_.expect != 0) {
    config.bootstrap_expect = options_.expect;
    config.join = founders();
    if (options_.misled == index) std::reverse(config.join.begin(), config.join.end());
    return config;
  }
  const auto& bootstrap = options_.founders;
  config.bootstrap =
      options_.voters == 1 && std::find(bootstrap.begin(), bootstrap.end(), index) != bootstrap.end();
  if (config.bootstrap) return config;
  config.join = {{host_name(0), mesh_port}, {host_name(rng.below(options_.hosts)), mesh_port}};
  return config;
}

std::vector<HostPort> World::founders() const {
  std::vector<HostPort> out;
  for (HostIndex i = 0; i < options_.expect; ++i) out.push_back({host_name(i), mesh_port});
  return out;
}

void World::correct() {
  Host& host = *hosts_[options_.misled.value()];
  host.kill();
  host.set_join(founders());
  host.start();
}

void World::start_all() {
  Rng rng(options_.seed ^ 0x73746172);
  for (HostIndex i = 0; i < size(); ++i) {
    queue_.after(rng.between({}, boot_span), [this, i] { hosts_[i]->start(); });
  }
}

bool World::copy(HostIndex host, bool with_memory) {
  if (size_ == hosts_.size()) return false;
  Host& copy = *hosts_[size_++];
  copy.restore(hosts_[host]->image());
  if (with_memory) copy.resume_as(*hosts_[host]);
  copy.start();
  return true;
}

bool World::run(Duration span) {
  const Time end = queue_.time() + span;
  std::uint64_t steps = 0;
  Time moment = queue_.time();
  while (verdict_.good()) {
    const auto next = queue_.next();
    if (!next || *next > end) break;
    queue_.run_next();
    steps = queue_.time() == moment ? steps + 1 : 0;
    moment = queue_.time();
    if (steps > most_steps_a_moment) verdict_.fail("progress: time stands still");
  }
  if (verdict_.good()) queue_.jump(end);
  return verdict_.good();
}

bool World::run_until(const std::function<bool()>& condition, Duration most, Duration step) {
  const Time end = queue_.time() + most;
  while (!condition()) {
    if (queue_.time() >= end || !run(std::min<Duration>(step, end - queue_.time()))) return false;
  }
  return verdict_.good();
}

void World::cut_off(const std::vector<HostIndex>& group) {
  const auto inside = [&](HostIndex host) {
    return std::find(group.begin(), group.end(), host) != group.end();
  };
  for (HostIndex a = 0; a < size(); ++a) {
    for (HostIndex b = 0; b < size(); ++b) {
      if (inside(a) != inside(b)) network_.cut(a, b);
    }
  }
}

std::string World::unsettled() const {
  std::optional<node::View> first;
  for (HostIndex i = 0; i < size(); ++i) {
    const Host& host = *hosts_[i];
    if (!host.running()) return host_name(i) + " does not run";
    const auto view = host.view();
    if (!first) first = view;
    if (auto reason = unsettled(i, view, *first); !reason.empty()) return host_name(i) + ": " + reason;
  }
  return {};
}

bool World::lacks_a_voter() const {
  return std::any_of(hosts_.begin(), hosts_.begin() + static_cast<std::ptrdiff_t>(size_),
                     [](const auto& host) {
                       if (!host->running()) return false;
                       const auto alarms = host->view().alarms;
                       return std::any_of(alarms.begin(), alarms.end(),
                                          [](const auto& alarm) { return alarm.name == "voter"; });
                     });
}

std::string World::crooked() const {
  if (!data_path_) return {};
  for (HostIndex i = 0; i < size(); ++i) {
    if (!hosts_[i]->running()) return host_name(i) + " does not run";
    if (auto reason = crooked(i, hosts_[i]->view()); !reason.empty()) return host_name(i) + ": " + reason;
  }
  return {};
}

std::string World::crooked(HostIndex from, const node::View& view) const {
  for (HostIndex to = 0; to < size(); ++to) {
    const auto peer = std::ranges::find(view.peers, hosts_[to]->id(), &node::PeerView::id);
    if (to == from || peer == view.peers.end()) continue;
    const bool near = subnet_of(network_.address(from)).contains(network_.address(to));
    const auto best = near ? paths::Kind::direct : paths::Kind::vxlan;
    const node::PathView& path = peer->path;
    if (path.state != paths::State::up || path.kind != best || path.mtu != view.mtu) {
      return "to " + host_name(to) + " by " + paths::name(path.kind) + ", which is " +
             paths::name(path.state) + " (" + path.reason + ") and carries " + std::to_string(path.mtu);
    }
  }
  return {};
}

bool World::missed(HostIndex gone) const {
  return std::all_of(
      hosts_.begin(), hosts_.begin() + static_cast<std::ptrdiff_t>(size_), [&](const auto& host) {
        if (host->id() == hosts_[gone]->id()) return true;
        const auto view = host->view();
        return std::none_of(view.peers.begin(), view.peers.end(), [&](const node::PeerView& peer) {
          return peer.id == hosts_[gone]->id() && peer.reachable;
        });
      });
}

std::string World::unsettled(HostIndex index, const node::View& view, const node::View& first) const {
  const Host& host = *hosts_[index];
  if (view.leaving && lacks_a_voter()) return {};
  if (!view.ready()) return "waits for " + view.waiting_for.front();
  if (view.cluster != first.cluster) return "is in another cluster than " + first.name;
  if (view.peers.size() != size()) return "knows " + std::to_string(view.peers.size()) + " nodes";
  for (const auto& peer : view.peers) {
    if (!peer.reachable) return peer.name + " is unreachable";
  }
  if (records_of(view) != records_of(first)) return "its block records differ from those of " + first.name;
  if (!host.runtime().settled()) return "a container waits";
  std::size_t leased = 0;
  for (const auto& [key, container] : host.runtime().containers())
    leased += container.addresses.empty() ? 0 : 1;
  if (view.leases.size() != leased) {
    return std::to_string(view.leases.size()) + " leases for " + std::to_string(leased) + " containers";
  }

  Kernel::Routes routes;
  for (const auto& block : view.blocks) {
    if (block.record.state != ipam::BlockState::owned || block.record.owner == view.id) continue;
    for (HostIndex i = 0; i < size(); ++i) {
      if (hosts_[i]->id() == block.record.owner)
        routes[block.record.prefix] = {block.record.owner, network_.address(i)};
    }
  }
  return difference(host.kernel().routes(), routes);
}

}  // namespace overlay::sim
