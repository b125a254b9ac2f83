// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/faults.h"

#include <algorithm>

namespace overlay::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, fault_kinds> fault_names = {
    "partition", "one-way", "kill", "power",   "reset", "slow-link",  "slow-disk",
    "freeze",    "kernel",  "move", "hostile", "flush", "disk-full",  "sync-error",
    "rollback",  "copy",    "path", "drain",   "leave", "slow-reader"};

constexpr auto all = [] {
  std::array<Fault, fault_kinds> kinds{};
  for (std::size_t i = 0; i < fault_kinds; ++i) kinds[i] = static_cast<Fault>(i);
  return kinds;
}();

Result<Fault> parse_fault(std::string_view text) {
  for (const Fault fault : all) {
    if (name(fault) == text) return fault;
  }
  std::string known;
  for (const auto& each : fault_names) known += (known.empty() ? "" : ", ") + std::string(each);
  return fail(Errc::invalid, "'" + std::string(text) + "' is no fault; there are " + known);
}

}  // namespace

std::string_view name(Fault fault) { return fault_names[static_cast<std::size_t>(fault)]; }

Result<Faults> parse_faults(std::string_view list) {
  if (list == "none") return Faults{};
  if (list == "all") return Faults(all.begin(), all.end());
  Faults faults;
  for (;;) {
    const auto comma = list.find(',');
    OVERLAY_TRY(const Fault fault, parse_fault(list.substr(0, comma)));
    faults.insert(fault);
    if (comma == std::string_view::npos) return faults;
    list.remove_prefix(comma + 1);
  }
}

Faults draw_faults(Rng& rng) {
  Faults faults;
  for (const Fault fault : all) {
    if (fault != Fault::path && rng.one_in(2)) faults.insert(fault);
  }
  return faults;
}

Trouble::Trouble(World& world, const Faults& kinds, Rng rng) : world_(world), rng_(rng) {
  for (const Fault kind : kinds) kinds_.emplace_back(kind, rng_.between(seconds(4), minutes(2)));
  act_every_ = rng_.between(milliseconds(200), seconds(20));
}

void Trouble::begin() {
  ++round_;
  for (const auto& [kind, every] : kinds_) schedule(kind);
  for (HostIndex host = 0; host < world_.size(); ++host) {
    world_.host(host).runtime().want(rng_.below(world_.options().most_containers + 1));
    schedule_act(host);
  }
}

void Trouble::end() {
  ++round_;
  world_.network().heal_all();
  if (DataPath* paths = world_.data_path()) paths->heal_all();
  for (HostIndex i = 0; i < world_.size(); ++i) {
    Host& host = world_.host(i);
    host.temper() = {};
    host.freeze(world_.time());
    host.kill_never();
    host.start();
    host.drain(false);
    host.start_pods_anew();
  }
}

void Trouble::schedule(Fault kind) {
  const auto entry =
      std::find_if(kinds_.begin(), kinds_.end(), [&](const auto& e) { return e.first == kind; });
  world_.queue().after(rng_.between({}, 2 * entry->second), [this, kind, round = round_] {
    if (round != round_) return;
    strike(kind);
    schedule(kind);
  });
}

void Trouble::schedule_act(HostIndex host) {
  world_.queue().after(rng_.between({}, 2 * act_every_), [this, host, round = round_] {
    if (round != round_) return;
    world_.host(host).runtime().act(world_.time());
    world_.host(host).poke_runtime();
    schedule_act(host);
  });
}

void Trouble::undo(Duration least, Duration most, std::function<void()> action) {
  world_.queue().after(rng_.between(least, most), [this, round = round_, action = std::move(action)] {
    if (round == round_) action();
  });
}

std::pair<HostIndex, HostIndex> Trouble::any_pair() {
  const HostIndex a = any();
  const HostIndex b = (a + 1 + rng_.below(std::max<std::size_t>(1, world_.size() - 1))) % world_.size();
  return {a, b};
}

void Trouble::strike(Fault kind) {
  world_.log().add(world_.time(), no_host, "fault", name(kind));
  const auto [a, b] = any_pair();
  switch (kind) {
    case Fault::partition:
      return partition();
    case Fault::one_way:
      world_.network().cut(a, b);
      return undo(seconds(1), minutes(1), [this, from = a, to = b] { world_.network().heal(from, to); });
    case Fault::kill:
      return stop_host(false);
    case Fault::power:
      return stop_host(true);
    case Fault::reset:
      world_.network().reset_one();
      return;
    case Fault::slow_link:
      world_.network().slow(a, b, rng_.between(milliseconds(50), seconds(3)));
      return undo(seconds(5), minutes(1), [this, from = a, to = b] { world_.network().slow(from, to, {}); });
    case Fault::slow_disk:
      world_.host(a).temper().sync_most = seconds(1);
      return undo(seconds(5), seconds(40), [this, host = a] { world_.host(host).temper() = {}; });
    case Fault::freeze:
      world_.host(a).freeze(world_.time() + rng_.between(milliseconds(100), seconds(40)));
      return;
    case Fault::kernel:
      world_.host(a).temper().kernel_fails_one_in = 2;
      return undo(seconds(5), seconds(40), [this, host = a] { world_.host(host).temper() = {}; });
    case Fault::move:
      return move();
    case Fault::hostile:
      return lie();
    case Fault::flush:
      return world_.host(a).flush_kernel();
    case Fault::disk_full:
      world_.host(a).temper().disk_full = true;
      return undo(seconds(2), seconds(30), [this, host = a] { world_.host(host).temper() = {}; });
    case Fault::sync_error:
      world_.host(a).temper().sync_fails = true;
      return undo(milliseconds(1), seconds(2), [this, host = a] { world_.host(host).temper() = {}; });
    case Fault::rollback:
      return roll_back();
    case Fault::copy:
      return copy();
    case Fault::path:
      return spoil_path(a, b);
    case Fault::drain:
      return drain();
    case Fault::leave:
      return leave();
    case Fault::slow_reader:
      world_.network().throttle(a, 1024 << rng_.below(6));
      return undo(seconds(5), minutes(1), [this, host = a] { world_.network().throttle(host, 0); });
  }
}

void Trouble::partition() {
  std::vector<HostIndex> group;
  for (HostIndex i = 0; i < world_.size(); ++i) {
    if (rng_.one_in(2)) group.push_back(i);
  }
  world_.cut_off(group);
  undo(seconds(1), minutes(1), [this] { world_.network().heal_all(); });
}

void Trouble::stop_host(bool power) {
  const HostIndex host = any();
  if (power) {
    world_.host(host).power_off();
  } else if (rng_.one_in(2)) {
    world_.host(host).kill();
  } else {
    world_.host(host).kill_after(rng_.below(12));
  }
  undo(milliseconds(100), seconds(40), [this, host] { world_.host(host).start(); });
}

/// As each machine knows them.
std::vector<std::set<NodeId>> Trouble::voters() const {
  std::vector<std::set<NodeId>> out;
  for (HostIndex i = 0; i < world_.size(); ++i) {
    if (!world_.host(i).running()) continue;
    const auto view = world_.host(i).view();
    if (!view.genesis) continue;
    std::set<NodeId> ids;
    for (const PublicKey& voter : view.decrees.empty() ? view.genesis->voters : view.decrees.back().voters)
      ids.insert(hash_id<NodeId>(voter.view()));
    out.push_back(std::move(ids));
  }
  return out;
}

/// A majority of the voters must go on knowing what it promised, or nobody can know it.
bool Trouble::may_lapse(const NodeId& node) {
  for (const auto& voters : voters()) {
    const auto fallen =
        std::ranges::count_if(voters, [&](const NodeId& id) { return id == node || fallen_.contains(id); });
    if (voters.contains(node) && 2 * static_cast<std::size_t>(fallen) >= voters.size()) return false;
  }
  fallen_.insert(node);
  return true;
}

void Trouble::roll_back() {
  const HostIndex host = any();
  const Image image = world_.host(host).image();
  // A snapshot of a whole machine is put back, or the state directory alone, under the pods that run.
  const bool machine = rng_.one_in(2);
  undo(seconds(30), minutes(2), [this, host, image, machine] {
    const NodeId node = image.identity.node_id();
    if (image.entries.empty() || node != world_.host(host).id() || !may_lapse(node)) return;
    machine ? world_.host(host).power_off() : world_.host(host).kill();
    world_.host(host).restore(image);
    undo(milliseconds(100), seconds(40), [this, host] { world_.host(host).start(); });
    undo(seconds(5), minutes(2), [this, host] { world_.host(host).start_pods_anew(); });
  });
}

void Trouble::copy() {
  const HostIndex host = any();
  // Before there are voters nobody can tell the two apart.
  const bool has_voters = world_.host(host).running() && world_.host(host).view().genesis;
  if (!has_voters || leaving() != 0 || !may_lapse(world_.host(host).id())) return;
  // Two voters with one memory both vote until they meet, which nobody can prevent.
  const auto votes = [&](const std::set<NodeId>& ids) { return ids.contains(world_.host(host).id()); };
  world_.copy(host, std::ranges::none_of(voters(), votes) && rng_.one_in(4));
}

void Trouble::lie() {
  for (auto left = 1 + rng_.below(8); left > 0; --left) {
    const auto lie = static_cast<Hostile::Lie>(rng_.below(Hostile::lies));
    world_.hostile().attack(any(), lie);
  }
}

void Trouble::spoil_path(HostIndex a, HostIndex b) {
  DataPath& paths = *world_.data_path();
  if (a == b) return;
  const auto kind = rng_.below(4);
  if (kind != 0) paths.cut(a, b, DataPath::Way::direct);
  if (kind > 1) paths.cut(a, b, DataPath::Way::vxlan);
  if (kind == 0) paths.narrow(a, b, 600 + rng_.below(850));
  undo(seconds(2), minutes(1), [&paths, a, b] { paths.heal(a, b); });
}

void Trouble::drain() {
  const HostIndex host = any();
  world_.host(host).drain(true);
  undo(seconds(5), minutes(1), [this, host] { world_.host(host).drain(false); });
}

/// Some must stay, to whom the others can leave everything.
void Trouble::leave() {
  const HostIndex host = any();
  std::vector<HostPort> all;
  for (HostIndex i = 0; i < world_.size(); ++i) all.push_back({host_name(i), mesh_port});
  if (world_.size() < 3 + 2 * leaving()) return;
  // Founders with other lists would wait for each other.
  if (!world_.host(host).running() || !world_.host(host).view().genesis) return;
  world_.host(host).set_join(all);
  const bool at_once = rng_.one_in(3);
  if (!at_once) {
    world_.host(host).runtime().want(0);
    world_.host(host).runtime().remove_all(world_.time());
    world_.host(host).poke_runtime();
  }
  undo({}, seconds(10), [this, host, at_once] {
    if (has_twins()) return;
    leaving_.insert(world_.host(host).id());
    world_.host(host).leave(at_once);
  });
}

/// Those that were told to and are not out, whether they run or not.
std::size_t Trouble::leaving() const {
  std::size_t out = 0;
  for (HostIndex i = 0; i < world_.size(); ++i) out += leaving_.count(world_.host(i).id());
  return out;
}

/// Two machines live under one identity and have not found out yet. What either is told to leave both leave,
/// and where they were to vote alone there would be nobody to tell them apart.
bool Trouble::has_twins() const {
  std::set<NodeId> seen;
  for (HostIndex i = 0; i < world_.size(); ++i) {
    if (!seen.insert(world_.host(i).id()).second) return true;
  }
  return false;
}

void Trouble::move() {
  const HostIndex host = any();
  world_.network().move(host);
  world_.host(host).underlay_changed();
}

}  // namespace overlay::sim
