// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/paths.h"

#include <algorithm>

namespace overlay::node {
namespace {

/// Only the peer itself may answer; or, through a relay, only when that reaches it straight.
constexpr std::uint8_t hops_straight = 1;
constexpr std::uint8_t hops_by_relay = 2;

}  // namespace

// ---- whom there is to probe ----

Paths::Stand Paths::stand() const {
  return {context_.underlay, context_.home, context_.chain ? context_.chain->term() : 0,
          context_.config.pair_roots};
}

std::optional<std::pair<Ip, Ip>> Paths::addresses(const wire::NodeInfo& info, Family family) const {
  const auto own = context_.home.find(family);
  const auto host = std::ranges::find(info.hosts, family, &Ip::family);
  if (own == context_.home.end() || host == info.hosts.end()) return std::nullopt;
  return std::pair(own->second.address(), *host);
}

bool Paths::can_be_probed(const wire::NodeInfo& info) const {
  const bool same = context_.config.probe_paths && context_.underlay && !info.underlay.empty() &&
                    info.underlay.front().family() == context_.underlay->address.family();
  if (!same || (context_.encrypts() && !context_.key_of(info))) return false;
  return addresses(info, Family::v4) || addresses(info, Family::v6);
}

bool Paths::is_neighbour(const wire::NodeInfo& info) const {
  const plan::Underlay& here = *context_.underlay;
  const bool allowed = context_.config.direct_routes && !context_.encrypts();
  return allowed && here.device != 0 && here.neighbourhood &&
         here.neighbourhood->contains(info.underlay.front()) && addresses(info, here.address.family());
}

void Paths::know(const NodeId& node, Time now) {
  replan_behind(node);
  const wire::NodeInfo* info = context_.mesh->info(node);
  const auto index = context_.peer_index.find(node);
  if (info == nullptr || index == context_.peer_index.end() || !can_be_probed(*info)) {
    prober_.remove(node);
    shown_.erase(node);
    relayed_.erase(node);
    if (narrow_.erase(node) != 0) tell_narrow(now);
    return;
  }
  const auto tunnel = context_.encrypts() ? paths::Kind::wireguard : paths::Kind::vxlan;
  prober_.put({node, static_cast<std::uint16_t>(index->second), is_neighbour(*info), tunnel}, now);
}

/// When this host has changed, or nodes were removed.
void Paths::look_at_all(Time now) {
  prober_.set_mtu(context_.mtu());
  if (!context_.chain) return;
  for (const auto& [node, removal] : context_.chain->all_removed()) know(node, now);
  for (const auto& [node, index] : context_.peer_index) know(node, now);
  inherit(now);
}

/// The kernel goes on as it did before this life, until probes have spoken: no packet is lost to a restart.
void Paths::inherit(Time now) {
  if (inherited_.empty() || !context_.underlay || context_.home.empty()) return;
  const plan::FoundWays found = std::exchange(inherited_, {});
  std::map<Mac, NodeId> vteps;
  std::map<Ip, NodeId> tunnels;
  for (const auto& [node, index] : context_.peer_index) {
    vteps.emplace(vtep_mac(node), node);
    tunnels.emplace(tunnel_address(node), node);
  }
  for (const auto& [vtep, way] : found.peers) {
    const auto peer = vteps.find(vtep);
    const auto relay = vteps.find(way.relay.value_or(Mac()));
    if (peer == vteps.end() || (way.relay && relay == vteps.end())) continue;
    paths::Choice choice{
        .kind = way.direct ? paths::Kind::direct : paths::Kind::vxlan, .relay = {}, .mtu = way.mtu};
    if (way.relay) choice = {.kind = paths::Kind::relay, .relay = relay->second, .mtu = way.mtu};
    inherit(peer->second, choice, now);
  }
  for (const auto& [prefix, way] : found.blocks) {
    const ipam::BlockRecord* block = context_.blocks.find(prefix);
    const auto by = tunnels.find(way.tunnel_address);
    if (block == nullptr || by == tunnels.end()) continue;
    const bool relayed = by->second != block->owner;
    paths::Choice choice{.kind = paths::Kind::wireguard, .relay = {}, .mtu = way.mtu};
    if (relayed) choice = {.kind = paths::Kind::relay, .relay = by->second, .mtu = way.mtu};
    if (relayed || way.mtu != 0) inherit(block->owner, choice, now);
  }
}

void Paths::inherit(const NodeId& peer, const paths::Choice& choice, Time now) {
  prober_.inherit(peer, choice, now);
  const auto path = prober_.path(peer);
  if (!path) return;
  shown_[peer].text = text(*path);
  note_choice(peer, path->choice);
}

void Paths::tick(Time now) {
  Stand here = stand();
  if (here != seen_) {
    seen_ = std::move(here);
    look_at_all(now);
  }
  if (wants_traffic() != std::exchange(watches_traffic_, wants_traffic())) context_.kernel_dirty = true;
  if (prober_.next_deadline() <= now) prober_.tick(now);
  for (const paths::Probe& probe : prober_.take_probes()) send(probe);
  ask_and_answer();
  for (const NodeId& peer : prober_.take_changes()) tell_change(peer, now);
}

void Paths::send(const paths::Probe& probe) {
  const bool direct = probe.way == paths::Kind::direct;
  const bool relayed = probe.way == paths::Kind::relay;
  const wire::NodeInfo* info = context_.mesh->info(probe.peer);
  const wire::NodeInfo* via = relayed ? context_.mesh->info(probe.relay) : info;
  if (info == nullptr || via == nullptr) return;
  auto ends = addresses(*info, direct ? context_.underlay->address.family() : Family::v4);
  if (!ends) ends = addresses(*info, Family::v6);
  // What is said of a peer's blocks may lead to its relay, these never do.
  if (probe.way == paths::Kind::wireguard) ends = {tunnel_address(context_.id), tunnel_address(probe.peer)};
  if (!ends) return;
  SendProbe out{.neighbour = {},
                .device = context_.underlay->device,
                .vtep = {},
                .source = ends->first,
                .destination = ends->second,
                .nonce = probe.nonce,
                .size = probe.size,
                .hops = relayed ? hops_by_relay : hops_straight};
  if (direct) {
    out.neighbour = info->underlay.front();
  } else if (!context_.encrypts()) {
    out.vtep = via->vtep_mac;
  }
  out_.push_back(std::move(out));
}

void Paths::carries(const std::vector<Ip>& destinations, Time now) {
  std::set<NodeId> peers;
  for (const Ip& address : destinations) {
    const auto home = context_.home.find(address.family());
    if (home == context_.home.end()) continue;
    for (const auto& block : context_.blocks.overlapping(Prefix::around(address, home->second.length())))
      peers.insert(block.owner);
  }
  peers.erase(context_.id);
  prober_.carries({peers.begin(), peers.end()}, now);
}

void Paths::applied(const std::vector<NodeId>& peers) {
  for (const NodeId& peer : peers) prober_.applied(peer);
}

// ---- relays ----

void Paths::hear(const Heard& heard, const wire::PathQuestion& question, Time now) {
  if (context_.mesh->info(heard.from) == nullptr) return;
  prober_.asked(heard.from, question.nonce, question.nodes, now);
}

void Paths::hear(const Heard& heard, const wire::PathAnswer& answer, Time now) {
  prober_.told(heard.from, answer.nonce, answer.nodes, now);
}

/// What finds no way to its hearer is lost: another one is asked, or asks another.
void Paths::ask_and_answer() {
  for (const paths::Question& question : prober_.take_questions()) {
    context_.tell(question.to, wire::PathQuestion{question.nonce, question.about});
  }
  for (const paths::Reached& answer : prober_.take_answers()) {
    context_.tell(answer.to, wire::PathAnswer{answer.nonce, answer.peers});
  }
}

plan::Way Paths::way(const NodeId& peer) const {
  const paths::Choice choice = prober_.choice(peer);
  plan::Way out{.relay = 0,
                .direct = choice.kind == paths::Kind::direct,
                .mtu = static_cast<std::uint32_t>(choice.mtu)};
  if (choice.kind != paths::Kind::relay) return out;
  const auto relay = context_.peer_index.find(choice.relay);
  const wire::NodeInfo* info = context_.mesh->info(choice.relay);
  if (relay != context_.peer_index.end() && info != nullptr && can_be_probed(*info))
    out.relay = relay->second;
  return out;
}

void Paths::note_choice(const NodeId& peer, const paths::Choice& choice) {
  shown_[peer].choice = choice;
  choice.kind == paths::Kind::relay ? void(relayed_.insert(peer)) : void(relayed_.erase(peer));
}

/// Whether they go by that relay depends on what is known of it.
void Paths::replan_behind(const NodeId& relay) {
  for (const NodeId& peer : relayed_) {
    if (shown_[peer].choice.relay == relay) context_.replan(peer);
  }
}

// ---- what is told ----

void Paths::tell_change(const NodeId& peer, Time now) {
  const auto path = prober_.path(peer);
  if (!path) return;
  Shown& shown = shown_[peer];
  const bool up = path->state == paths::State::up;
  const bool as_before = path->choice == shown.choice || shown.text == "unknown";
  if (path->choice != shown.choice) context_.replan(peer);
  note_choice(peer, path->choice);
  const std::string before = std::exchange(shown.text, text(*path));
  const bool first = path->state != paths::State::unknown && !std::exchange(shown.tried, true);
  const bool expected = first && up && as_before;
  if (before != shown.text && !expected) {
    context_.say({up ? Event::Level::info : Event::Level::warning, "path", context_.mesh->name_of(peer),
                  before, shown.text, reason(*path)});
  }
  const auto narrow = narrow_.find(peer);
  if ((narrow == narrow_.end() ? 0 : narrow->second) == path->carries) return;
  path->carries == 0 ? void(narrow_.erase(peer)) : void(narrow_[peer] = path->carries);
  tell_narrow(now);
}

/// A black hole, by the name of who is behind it and the size that still passes.
void Paths::tell_narrow(Time now) {
  if (narrow_.empty()) return context_.clear("black-hole");
  const auto& [peer, carries] = *narrow_.begin();
  const std::string more = narrow_.size() == 1 ? "" : " and " + std::to_string(narrow_.size() - 1) + " more";
  context_.raise("black-hole",
                 "packets of more than " + std::to_string(carries) + " bytes are lost on the way to " +
                     context_.mesh->name_of(peer) + more + ", and " + std::to_string(context_.mtu()) +
                     " should pass; what goes there is made smaller: let the underlay carry " +
                     std::to_string(context_.underlay->mtu) + " bytes, or give all nodes --mtu " +
                     std::to_string(carries),
                 now);
}

/// "direct up", "relay via h3 down".
std::string Paths::text(const paths::PathView& path) const {
  const bool straight = path.choice.kind != paths::Kind::direct && path.choice.kind != paths::Kind::relay;
  if (path.state == paths::State::unknown && straight) return "unknown";
  std::string out = name(path.choice.kind);
  if (path.choice.kind == paths::Kind::relay) out += " via " + context_.mesh->name_of(path.choice.relay);
  return out + " " + name(path.state);
}

std::string Paths::reason(const paths::PathView& path) const {
  std::string out;
  if (path.state == paths::State::down) {
    const bool relayed = path.choice.kind == paths::Kind::relay;
    out = relayed ? "no answer straight, nor through the relay" : "no answer, and no relay was found";
  } else if (path.choice.kind == paths::Kind::relay) {
    out = "no answer straight";
  } else if (path.state == paths::State::unknown) {
    out = "no answer yet";
  } else if (path.choice.kind == paths::Kind::vxlan) {
    out = reason_for_vxlan(path);
  }
  if (path.carries == 0) return out;
  return (out.empty() ? "" : out + "; ") + "nothing larger than " + std::to_string(path.carries) +
         " bytes passes";
}

std::string Paths::reason_for_vxlan(const paths::PathView& path) const {
  if (!context_.config.direct_routes) return "--direct-routes off";
  if (!path.direct) return "on another subnet";
  return *path.direct == paths::State::down ? "no answer without VXLAN" : "trying without VXLAN";
}

std::string Paths::reason_for_no_probes(const NodeId& peer) const {
  const wire::NodeInfo* info = context_.mesh->info(peer);
  if (context_.encrypts() && info != nullptr && !info->wireguard)
    return "it offers no WireGuard key, and nothing goes there in clear text: upgrade overlayd there";
  if (context_.encrypts() && info != nullptr && !context_.key_of(*info))
    return "it holds none of this node's secrets, so no key is common: give both one --secret-file";
  return context_.home.empty() ? "this node has no block yet" : "it has no block yet";
}

PathView Paths::view(const NodeId& peer) const {
  PathView out;
  out.mtu = context_.mtu();
  if (context_.encrypts()) out.kind = paths::Kind::wireguard;
  const auto path = prober_.path(peer);
  if (!path) {
    out.reason = reason_for_no_probes(peer);
    return out;
  }
  out.kind = path->choice.kind;
  if (out.kind == paths::Kind::relay) out.relay = context_.mesh->name_of(path->choice.relay);
  out.state = path->state;
  out.reason = reason(*path);
  out.since = path->since;
  out.rtt = path->rtt;
  out.loss = path->loss;
  if (path->choice.mtu != 0) out.mtu = static_cast<std::uint32_t>(path->choice.mtu);
  return out;
}

}  // namespace overlay::node
