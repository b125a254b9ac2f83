// SPDX-License-Identifier: Apache-2.0
#include "overlay/sim/crowd.h"

#include <algorithm>

#include "overlay/sim/connection.h"

namespace overlay::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t port = 6783;
constexpr std::uint32_t first_address = 0x64400000U;  // 100.64.0.0
constexpr std::uint32_t other_addresses = 1U << 16;   // machines have two each, this far apart
constexpr std::size_t frame_header = 4;
constexpr auto kernel_time = milliseconds(3);
constexpr auto kernel_pause = seconds(1);  // between two reconciliations
constexpr Time beginning{std::chrono::hours(1)};

std::string name_of(MachineIndex index) { return "n" + std::to_string(index + 1); }

}  // namespace

Crowd::Crowd(std::uint64_t seed, std::size_t machines) : rng_(seed), machines_(machines) {
  queue_.jump(beginning);
  for (MachineIndex i = 0; i < machines; ++i) {
    machines_[i].identity = KeyPair::from_seed(rng_.bytes<SecretSeed>());
    machines_[i].address = i;
  }
}

Ip Crowd::address(MachineIndex index) const { return Ip::v4(first_address + machines_[index].address); }

node::Config Crowd::config_of(MachineIndex index) {
  node::Config config;
  config.name = name_of(index);
  config.zone = "z" + std::to_string(index / 2 % 2 + 1);
  config.version = "sim";
  config.probe_paths = false;  // there is no data path here
  config.listen_ports = {port};
  config.choose_voters = false;
  config.genesis.pools = {Prefix::around(Ip::v4(0x0a000000U), 8)};
  config.bootstrap = index == 0;
  config.opener = &interner_;
  if (index == 0) return config;
  config.join = {{Ip::v4(first_address).text(), port},
                 {Ip::v4(first_address + static_cast<std::uint32_t>(rng_.below(size()))).text(), port}};
  return config;
}

void Crowd::start_all(Duration span) {
  for (MachineIndex i = 0; i < size(); ++i) {
    Event event;
    event.what = Event::What::start;
    event.host = i;
    queue_.at(i == 0 ? time() : time() + rng_.between({}, span), std::move(event));
  }
}

void Crowd::renumber(MachineIndex index) {
  machines_[index].address ^= other_addresses;
  machines_[index].node->underlay_changed({address(index), 1500}, time());
  gather(index);
}

void Crowd::forget_peaks() {
  for (Machine& machine : machines_) machine.most_in_window = machine.in_window = 0;
}

// ---- time ----

void Crowd::run(Duration span) {
  const Time end = time() + span;
  while (broken_.empty() && !queue_.empty() && queue_.next() <= end) {
    ++events_;
    handle(queue_.take());
  }
  queue_.jump(end);
}

void Crowd::handle(Event event) {
  switch (event.what) {
    case Event::What::start:
      return start(event.host);
    case Event::What::tick:
      return tick(event.host);
    case Event::What::reconciled:
      return reconcile(event.host);
    case Event::What::call:
      return call(event.link);
    default:
      break;
  }
  Link& link = links_[event.link];
  const MachineIndex to = link.machine[event.side];
  if (!link.open[event.side] || (apart(link) && event.what != Event::What::refused)) return;
  Machine& machine = machines_[to];
  const mesh::SessionId session = link.session[event.side];
  if (event.what == Event::What::connected) {
    machine.node->connected(session, {address(link.machine[1]), port}, {}, time());
  } else if (event.what == Event::What::frame) {
    machine.node->received(session, event.frame, time());
  } else {
    link.open[event.side] = false;
    machine.links.erase(session);
    const bool refused = event.what == Event::What::refused;
    machine.node->closed(
        session, fail(Errc::unavailable, refused ? "connection refused" : "closed by the peer"), time());
  }
  gather(to);
}

void Crowd::start(MachineIndex index) {
  Machine& machine = machines_[index];
  auto node = node::Node::start(config_of(index), machine.identity, {}, Rng(rng_.next()), time());
  if (!node) {
    broken_ = name_of(index) + " does not start: " + node.error().text;
    return;
  }
  machine.node = std::move(*node);
  machine.node->underlay_changed({address(index), 1500}, time());
  gather(index);
}

void Crowd::schedule(MachineIndex index) {
  Machine& machine = machines_[index];
  const Time due = std::max(machine.node->next_deadline(), time());
  if (due >= machine.tick_at) return;
  machine.tick_at = due;
  Event event;
  event.host = index;
  queue_.at(due, std::move(event));
}

/// Of several queued ticks the earliest counts; the others find nothing to do.
void Crowd::tick(MachineIndex index) {
  Machine& machine = machines_[index];
  if (machine.tick_at > time()) return;
  machine.tick_at = Time::max();
  machine.node->tick(time());
  gather(index);
}

// ---- the network ----

bool Crowd::apart(const Link& link) const { return split_ && (link.machine[0] ^ link.machine[1]) % 2 != 0; }

/// Zones are pairs of neighbours in number, so that a split cuts through both.
Duration Crowd::latency(MachineIndex a, MachineIndex b) {
  if (a / 2 % 2 == b / 2 % 2) return rng_.between(microseconds(80), microseconds(600));
  return rng_.between(milliseconds(8), milliseconds(20));
}

Crowd::Event Crowd::event(Event::What what, std::uint32_t link, int side) const {
  Event out;
  out.what = what;
  out.link = link;
  out.side = static_cast<std::uint8_t>(side);
  return out;
}

/// In the order in which it was sent.
void Crowd::send_on(std::uint32_t index, int to, Event event, Duration extra) {
  Link& link = links_[index];
  Time& arrives = link.not_before[to];
  arrives = std::max(arrives, time() + latency(link.machine[0], link.machine[1]) + extra);
  queue_.at(arrives, std::move(event));
}

void Crowd::carry_out(MachineIndex from, node::Dial& dial) {
  const auto target = Ip::parse(dial.target.host);
  const std::uint32_t place = target ? target->v4_value() - first_address : 0;
  const MachineIndex to = place % other_addresses;
  const auto index = static_cast<std::uint32_t>(links_.size());
  links_.push_back({{from, to}, {dial.session, 0}, {}, {true, false}});
  machines_[from].links[dial.session] = index;
  const Link& link = links_[index];
  if (apart(link)) {
    queue_.at(time() + connect_timeout, event(Event::What::refused, index, 0));
  } else {
    send_on(index, 1, event(Event::What::call, index, 1));
  }
}

void Crowd::call(std::uint32_t index) {
  Link& link = links_[index];
  Machine& target = machines_[link.machine[1]];
  if (!link.open[0]) return;
  if (!target.node || apart(link)) return send_on(index, 0, event(Event::What::refused, index, 0));
  const Ip caller = address(link.machine[0]);
  link.session[1] = target.node->accepted({caller, 40000}, {}, time());
  link.open[1] = true;
  target.links[link.session[1]] = index;
  send_on(index, 0, event(Event::What::connected, index, 0));
  gather(link.machine[1]);
}

void Crowd::carry_out(MachineIndex from, node::Send& send) {
  Machine& machine = machines_[from];
  const std::size_t bytes = send.frame.size() + frame_header;
  const std::int64_t second = time().time_since_epoch() / seconds(1);
  if (std::exchange(machine.window, second) != second) machine.in_window = 0;
  machine.in_window += bytes;
  machine.most_in_window = std::max(machine.most_in_window, machine.in_window);
  machine.sent_bytes += bytes;
  machine.node->written(send.session, send.frame.size(), time());
  const auto found = machine.links.find(send.session);
  if (found == machine.links.end()) return;
  const std::uint32_t index = found->second;
  const int side = links_[index].machine[0] == from && links_[index].session[0] == send.session ? 0 : 1;
  Event frame = event(Event::What::frame, index, 1 - side);
  frame.frame = std::move(send.frame);
  send_on(index, 1 - side, std::move(frame), wire_time(bytes));
}

void Crowd::carry_out(MachineIndex from, node::Close& close) {
  Machine& machine = machines_[from];
  const auto found = machine.links.find(close.session);
  if (found == machine.links.end()) return;
  const std::uint32_t index = found->second;
  Link& link = links_[index];
  const int side = link.machine[0] == from && link.session[0] == close.session ? 0 : 1;
  link.open[side] = false;
  machine.links.erase(found);
  send_on(index, 1 - side, event(Event::What::closed, index, 1 - side));
}

void Crowd::carry_out(MachineIndex, node::Admit&) {}

// ---- the rest of a machine ----

void Crowd::gather(MachineIndex index) {
  node::Output output = machines_[index].node->take_output();
  for (node::Effect& effect : output.effects) {
    std::visit([&](auto& e) { carry_out(index, e); }, effect);
  }
  schedule(index);
}

void Crowd::carry_out(MachineIndex from, node::ReconcileKernel&) {
  Machine& machine = machines_[from];
  machine.kernel_changed = time();
  if (std::exchange(machine.reconciling, true)) return;
  Event event;
  event.what = Event::What::reconciled;
  event.host = from;
  queue_.at(std::max<Time>(time() + kernel_time, machine.reconciled + kernel_pause), std::move(event));
}

void Crowd::reconcile(MachineIndex index) {
  Machine& machine = machines_[index];
  machine.reconciling = false;
  machine.reconciled = time();
  machine.node->kernel_reconciled({}, time());
  gather(index);
}

void Crowd::carry_out(MachineIndex from, node::Event& event) {
  if (event.kind == "node" && event.to == "ready" && !machines_[from].asked) lease(from);
  if (event.kind == "alarm" && event.to == "raised") broken_ = name_of(from) + ": " + event.text;
  if (event.kind != "block" || event.to != "owned" || !event.from.empty()) return;
  const auto [owner, is_first] = block_owners_.try_emplace(event.subject, from);
  if (!is_first && owner->second != from) {
    broken_ = name_of(from) + " and " + name_of(owner->second) + " own " + event.subject;
  }
}

/// In the middle of an output: what it brings about is gathered with the next.
void Crowd::lease(MachineIndex index) {
  Machine& machine = machines_[index];
  machine.asked = true;
  machine.node->lease(1, ipam::LeaseKey{"net", "c" + std::to_string(index + 1), "eth0"}, WallTime{}, time());
  machine.tick_at = time();
  Event event;
  event.host = index;
  queue_.at(time(), std::move(event));
}

/// Nobody is copied or removed in a crowd.
void Crowd::carry_out(MachineIndex, node::Rekey&) {}
void Crowd::carry_out(MachineIndex, node::Left&) {}

void Crowd::carry_out(MachineIndex from, node::Answer& answer) {
  if (!answer.result || !*answer.result) {
    machines_[from].asked = false;
    return;
  }
  machines_[from].leased = true;
  for (const Ip& leased : (*answer.result)->lease.addresses) {
    const auto [owner, is_first] = address_owners_.try_emplace(leased, from);
    if (!is_first) broken_ = name_of(from) + " and " + name_of(owner->second) + " lease " + leased.text();
  }
}

}  // namespace overlay::sim
