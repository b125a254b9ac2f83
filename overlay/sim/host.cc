// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/host.h"

#include <algorithm>
#include <iterator>

namespace overlay::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// What is not urgent is synced this late.
constexpr auto longest_unsynced = seconds(1);

}  // namespace

Host::Host(HostIndex index, Shared shared, node::Config config, std::uint64_t seed,
           std::size_t most_containers)
    : index_(index),
      shared_(shared),
      config_(std::move(config)),
      rng_(seed),
      runtime_(Rng(rng_.next()), most_containers) {
  identity_ = KeyPair::from_seed(rng_.bytes<SecretSeed>());
  id_ = identity_.node_id();
}

// ---- its life ----

void Host::remember(const wire::Record& record) {
  disk_.append(wire::encode_entry(wire::RecordEntry{record.envelope}));
  disk_.synced(disk_.size());
}

void Host::start() {
  if (!powered_) {
    powered_ = true;
    // The core is told the time since boot. Some machines were up for long before, so no two of a run agree.
    const bool first = disk_.size() == 0;
    switched_on_ =
        queue().time() - (first ? rng_.between({}, std::chrono::hours(1000)) : rng_.between({}, seconds(9)));
    config_.instance = resumed_ ? *std::exchange(resumed_, std::nullopt) : rng_.bytes<Nonce>();
    shared_.network.power_restored();
  }
  if (running()) return;
  log("start", std::to_string(disk_.size()) + " entries");
  config_.kernel_cluster = kernel_.cluster().value_or(ClusterId{});
  config_.kernel_ways.peers = kernel_.ways();
  auto started = node::Node::start(config_, identity_, disk_.entries(), Rng(rng_.next()), clock());
  if (!started && started.error().code == Errc::refused) return begin_anew();
  if (!started) return shared_.verdict.fail("start: " + host_name(index_) + ": " + started.error().text);
  node_ = std::move(*started);
  report_durable();
  shared_.invariants.restarted(index_, view());
  gather();
  underlay_changed();
  reconcile_always();
  look_at_interfaces();
  poke_runtime();
}

void Host::kill() {
  if (!running()) return;
  log("kill", std::to_string(disk_.size() - disk_.durable()) + " entries at risk");
  // The promise is kept by what is durable alone, not by the luck that the kernel will write the rest.
  disk_.process_died(rng_.one_in(2) ? written_ : 0, rng_);
  stop();
  shared_.network.daemon_died(index_);
}

void Host::power_off() {
  if (!powered_) return;
  log("power off", std::to_string(disk_.size() - disk_.durable()) + " entries at risk");
  disk_.power_lost(rng_);
  stop();
  powered_ = false;
  shared_.network.power_lost(index_);
  kernel_.clear();
  for (const auto& [key, container] : runtime_.containers())
    shared_.invariants.ended(index_, key, queue().time());
  runtime_.machine_lost(queue().time());
}

/// The process is no more, and all it had in memory.
void Host::stop() {
  ++life_;
  node_.reset();
  told_.reset();
  held_.clear();
  written_ = disk_.size();
  pending_.clear();
  unwritten_.clear();
  effects_left_.reset();
  syncing_ = will_sync_ = reconciling_ = reconcile_again_ = changed_ = false;
  tick_at_ = calls_at_ = Time::max();
  runtime_.calls_lost(queue().time());
}

/// The kernel has dropped what it could not write, and says so once; a second sync would lie. The daemon ends
/// itself, and whoever supervises it starts it again.
void Host::abort() {
  log("abort", std::to_string(disk_.size() - disk_.durable()) + " entries at risk");
  disk_.power_lost(rng_);
  stop();
  shared_.network.daemon_died(index_);
  start_later(seconds(1));
}

void Host::start_later(Duration delay) {
  queue().after(delay, [this, life = life_] {
    if (life == life_ && powered_) start();
  });
}

void Host::flush_kernel() {
  log("flush");
  kernel_.flush();
  in_this_life([this] { begin_reconcile(); });
}

void Host::underlay_changed() {
  plan::Underlay underlay{shared_.network.address(index_), 1500};
  if (shared_.data_path != nullptr) {
    underlay.device = 1;
    underlay.neighbourhood = subnet_of(underlay.address);
  }
  in_this_life(
      [this, underlay] { step([&](node::Node& node) { node.underlay_changed(underlay, clock()); }); });
}

void Host::freeze(Time until) {
  frozen_until_ = until;
  queue().at(until, [this] { thaw(); });
}

void Host::thaw() {
  if (queue().time() < frozen_until_) return;
  for (const auto& action : std::exchange(held_, {})) in_this_life(action);
}

void Host::in_this_life(std::function<void()> action) {
  if (queue().time() < frozen_until_) {
    held_.push_back(std::move(action));
  } else if (running()) {
    action();
  }
}

void Host::later(Duration delay, std::function<void()> action) {
  queue().after(delay, [this, life = life_, action = std::move(action)] {
    if (life == life_) in_this_life(action);
  });
}

// ---- inputs ----

void Host::accept(const Endpoint& remote, const std::function<void(mesh::SessionId)>& named) {
  in_this_life([this, remote, named] {
    log("accept", remote.text());
    named(node_->accepted(remote, {}, clock()));
    gather();
  });
}

void Host::connected(mesh::SessionId session, const Endpoint& remote) {
  in_this_life([=, this] {
    log("connected", std::to_string(session));
    step([&](node::Node& node) { node.connected(session, remote, {}, clock()); });
  });
}

void Host::received(mesh::SessionId session, std::string_view frame) {
  in_this_life([this, session, bytes = Bytes(frame)] {
    step([&](node::Node& node) { node.received(session, bytes, clock()); });
  });
}

void Host::written(mesh::SessionId session, std::size_t bytes) {
  in_this_life([=, this] { step([&](node::Node& node) { node.written(session, bytes, clock()); }); });
}

void Host::closed(mesh::SessionId session, const Error& reason) {
  in_this_life([=, this] { step([&](node::Node& node) { node.closed(session, reason, clock()); }); });
}

void Host::schedule_tick() {
  const Time due = node_->next_deadline();
  if (due == Time::max()) return;
  const Time when = std::max(queue().time(), switched_on_ + due.time_since_epoch());
  if (when >= tick_at_) return;
  tick_at_ = when;
  // Timers of a busy machine are late, never early.
  const Duration late = rng_.one_in(16) ? rng_.between(Duration{}, milliseconds(5)) : Duration{};
  later(when + late - queue().time(), [this, when] {
    if (tick_at_ != when) return;
    tick_at_ = Time::max();
    step([&](node::Node& node) { node.tick(clock()); });
  });
}

// ---- outputs ----

void Host::gather() {
  for (const node::SendProbe& probe : node_->take_probes()) send(probe);
  auto output = node_->take_output();
  if (!output.empty()) {
    check_told(output);
    unwritten_.push_back(std::move(output));
    write();
  }
  if (running()) schedule_tick();
}

/// A full disk holds up all that comes behind the entries it has no room for; it is tried again every second.
void Host::write() {
  const bool waited = unwritten_.size() > 1;
  while (!unwritten_.empty()) {
    node::Output& output = unwritten_.front();
    if (temper_.disk_full && !output.persist.empty()) {
      if (!waited) later(seconds(1), [this] { write(); });
      return;
    }
    bool urgent = false;
    for (auto& persist : output.persist) {
      shared_.log.add_bytes(queue().time(), index_, "persist", persist.entry);
      urgent = urgent || persist.urgent;
      disk_.append(std::move(persist.entry));
    }
    changed_ = changed_ || !output.persist.empty();
    pending_.push_back({urgent ? disk_.size() : 0, disk_.size(), {}});
    std::move(output.effects.begin(), output.effects.end(), std::back_inserter(pending_.back().effects));
    unwritten_.pop_front();
  }
  sync();
  sync_soon();
  release();
}

/// Where the core names the peers that have changed, nothing else may have, or a kernel that is written to
/// for them alone would be wrong until the next full look.
void Host::check_told(const node::Output& output) {
  for (const node::Effect& effect : output.effects) {
    const auto* told = std::get_if<node::ReconcileKernel>(&effect);
    if (told == nullptr) continue;
    const auto without = [told](std::optional<plan::Intent> intent) {
      if (!intent) return intent;
      std::erase_if(intent->peers, [told](const plan::Peer& peer) {
        return std::find(told->peers.begin(), told->peers.end(), peer.id) != told->peers.end();
      });
      return intent;
    };
    auto now = node_->intent();
    if (!told->peers.empty() && without(told_) != without(now)) {
      shared_.verdict.fail("kernel: " + host_name(index_) + ": more has changed than the peers named");
    }
    told_ = std::move(now);
  }
}

/// Group commit: one sync at a time, of all there is.
void Host::sync() {
  const auto waits = [&](const Pending& pending) { return pending.entries > disk_.durable(); };
  if (!syncing_ && std::any_of(pending_.begin(), pending_.end(), waits)) begin_sync();
}

void Host::sync_soon() {
  if (disk_.durable() == disk_.size() || std::exchange(will_sync_, true)) return;
  later(longest_unsynced, [this] {
    will_sync_ = false;
    if (!syncing_ && disk_.durable() < disk_.size()) begin_sync();
  });
}

void Host::begin_sync() {
  syncing_ = true;
  later(rng_.between(temper_.sync_least, temper_.sync_most),
        [this, entries = disk_.size()] { synced(entries); });
}

void Host::synced(std::size_t entries) {
  syncing_ = false;
  if (temper_.sync_fails) return abort();
  disk_.synced(entries);
  report_durable();
  release();
  if (!running()) return;
  if (pending_.empty() && unwritten_.empty() && rng_.one_in(temper_.compact_one_in)) {
    log("compact", std::to_string(disk_.size()) + " entries");
    disk_.compact(node_->snapshot());
    written_ = reported_ = disk_.size();
  }
  sync();
}

void Host::release() {
  while (!pending_.empty() && pending_.front().entries <= disk_.durable()) {
    written_ = pending_.front().written;
    auto& effects = pending_.front().effects;
    if (effects.empty()) {
      pending_.pop_front();
      continue;
    }
    if (effects_left_ && (*effects_left_)-- == 0) return kill();
    const node::Effect effect = std::move(effects.front());
    effects.pop_front();
    std::visit([this](const auto& e) { carry_out(e); }, effect);
  }
  observe();
}

void Host::report_durable() {
  for (; reported_ < disk_.durable(); ++reported_)
    shared_.invariants.durable(index_, id_, disk_.entries()[reported_]);
}

void Host::observe() {
  if (!changed_ || !pending_.empty() || !unwritten_.empty()) return;
  changed_ = false;
  shared_.invariants.observe(index_, view());
}

void Host::carry_out(const node::Dial& effect) {
  shared_.network.dial(index_, effect.session, effect.target);
}
void Host::carry_out(const node::Send& effect) { shared_.network.send(index_, effect.session, effect.frame); }
void Host::carry_out(const node::Admit& effect) { shared_.network.admit(index_, effect.session); }
void Host::carry_out(const node::Close& effect) { shared_.network.close(index_, effect.session); }

void Host::carry_out(const node::Event& effect) {
  log("event",
      effect.kind + " " + effect.subject + ": " + effect.from + " -> " + effect.to + " " + effect.text);
}

node::CallId Host::ask(const Order& order) {
  const node::CallId call = ++last_order_;
  step([&](node::Node& node) { order(node, call, clock()); });
  return call;
}

void Host::carry_out(const node::Answer& effect) {
  if (effect.call > std::uint64_t{1} << 32) {
    answers_.emplace(effect.call, effect.result ? Status() : Status(effect.result.error()));
    if (closing_.erase(effect.call) != 0 && effect.result && !closed_) close();
  }
  const auto outcome = runtime_.answered(effect, queue().time());
  log("answer", std::to_string(effect.call) + (effect.result ? "" : " " + effect.result.error().text));
  if (outcome.kind == Outcome::Kind::became_live) {
    if (closed_ && !closed_->contains(outcome.key)) {
      shared_.verdict.fail("drained: " + host_name(index_) + ": it took " + outcome.key.container);
    }
    // What was answered must be owned by what is on disk now, and earlier effects have been carried out.
    shared_.invariants.became_live(index_, outcome.key, runtime_.containers().at(outcome.key).addresses,
                                   queue().time());
  } else if (outcome.kind == Outcome::Kind::broken) {
    shared_.verdict.fail("container runtime: " + host_name(index_) + ": " + outcome.text);
  }
  poke_runtime();
}

void Host::send(const node::SendProbe& probe) {
  const auto took = shared_.data_path->echo(index_, probe);
  if (!took) return;
  later(*took, [this, nonce = probe.nonce] {
    step([&](node::Node& node) { node.probes_answered({nonce}, clock()); });
  });
}

// ---- containers ----

void Host::poke_runtime() {
  if (!running()) return;
  const Time due = std::max(queue().time(), runtime_.next_deadline());
  if (due >= calls_at_ || runtime_.next_deadline() == Time::max()) return;
  calls_at_ = due;
  later(due - queue().time(), [this, due] {
    if (calls_at_ != due) return;
    calls_at_ = Time::max();
    make_calls();
  });
}

void Host::start_pods_anew() {
  if (!running()) return;
  std::set<ipam::LeaseKey> known;
  for (const ipam::Lease& lease : view().leases) known.insert(lease.key);
  for (const auto& [key, container] : runtime_.containers()) {
    if (container.state == Container::State::live && !known.contains(key))
      runtime_.remove(key.container, queue().time());
  }
  poke_runtime();
}

void Host::make_calls() {
  std::vector<ipam::LeaseKey> ended;
  const auto requests = runtime_.due(queue().time(), ended);
  for (const auto& key : ended) shared_.invariants.ended(index_, key, queue().time());
  for (const auto& request : requests) {
    if (running()) call(request);
  }
  if (running()) poke_runtime();
}

std::set<ipam::LeaseKey> Host::attachments() const {
  std::set<ipam::LeaseKey> keys;
  for (const auto& [key, container] : runtime_.containers()) keys.insert(key);
  return keys;
}

void Host::call(const Request& request) {
  static constexpr const char* names[] = {"ADD", "CHECK", "DEL", "GC"};
  log(names[static_cast<int>(request.verb)], request.key.container);
  const WallTime wall{std::chrono::duration_cast<milliseconds>(queue().time().time_since_epoch())};
  step([&](node::Node& node) {
    switch (request.verb) {
      case Verb::add:
        return node.lease(request.call, request.key, wall, clock());
      case Verb::check:
        return node.check(request.call, request.key, clock());
      case Verb::del:
        return node.release(request.call, request.key, clock());
      case Verb::collect:
        return node.collect(request.call, request.key.network, attachments(), clock());
    }
  });
}

}  // namespace overlay::sim
