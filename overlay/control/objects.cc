// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/objects.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <variant>

#include "overlay/plan/desired.h"
#include "overlay/plan/firewall.h"

namespace overlay::control {

namespace {

/// Knows which peer an object leads to.
class PeerNames {
 public:
  PeerNames(const plan::Intent& intent, const std::vector<node::PeerView>& views) {
    std::map<NodeId, std::string> names;
    for (const auto& view : views) names.emplace(view.id, view.name);
    for (const auto& peer : intent.peers) {
      const auto found = names.find(peer.id);
      const auto& name = found == names.end() ? peer.id.short_hex() : found->second;
      by_index_.emplace(peer.index, name);
      by_mac_.emplace(peer.vtep_mac, name);
      if (peer.key) by_key_.emplace(peer.key->public_key, name);
      plan::for_each_address(peer, [&](const Ip& address) { by_address_.emplace(address, name); });
    }
  }

  std::string of(const plan::Member& member) const { return find(by_address_, member.ip); }
  std::string of(const plan::WireguardPeer& peer) const { return find(by_key_, peer.public_key); }
  std::string of(const plan::FdbEntry& entry) const { return find(by_mac_, entry.mac); }
  std::string of(const plan::Neighbour& neighbour) const {
    return neighbour.device == plan::Device::vxlan ? find(by_mac_, neighbour.mac) : "";
  }
  std::string of(const plan::Nexthop& nexthop) const { return of_nexthop(nexthop.number); }
  std::string of(const plan::Route& route) const {
    if (route.gateway) return find(by_address_, *route.gateway);
    return route.nexthop ? of_nexthop(*route.nexthop) : "";
  }
  /// All other kinds are this node's own.
  template <class T>
  std::string of(const T& /*object*/) const {
    return {};
  }

 private:
  template <class Map>
  static std::string find(const Map& names, const typename Map::key_type& key) {
    const auto found = names.find(key);
    return found == names.end() ? "" : found->second;
  }
  std::string of_nexthop(std::uint32_t number) const {
    return plan::is_our_nexthop_id(number) ? find(by_index_, number & plan::peer_index_max) : "";
  }

  std::map<std::uint32_t, std::string> by_index_;
  std::map<Mac, std::string> by_mac_;
  std::map<WireguardKey, std::string> by_key_;
  std::map<Ip, std::string> by_address_;
};

template <class T>
void add(const T* desired, const T* observed, const PeerNames& peers, v1::Routes& out) {
  const T& object = desired != nullptr ? *desired : *observed;
  auto& added = *out.add_objects();
  added.set_kind(std::string(T::kind));
  added.set_key(object.id());
  added.set_peer(peers.of(object));
  if (desired != nullptr) added.set_desired(desired->text());
  if (observed != nullptr) added.set_observed(observed->text());
  added.set_state(desired == nullptr      ? "extra"
                  : observed == nullptr   ? "missing"
                  : *desired == *observed ? "ok"
                                          : "differs");
}

/// Both lists are sorted by key, each key once.
template <class T>
void merge(const std::vector<T>& desired, const std::vector<T>& observed, const PeerNames& peers,
           v1::Routes& out) {
  auto d = desired.begin();
  auto o = observed.begin();
  while (d != desired.end() || o != observed.end()) {
    const bool only_desired = o == observed.end() || (d != desired.end() && d->key() < o->key());
    const bool only_observed = d == desired.end() || (o != observed.end() && o->key() < d->key());
    add(only_observed ? nullptr : &*d, only_desired ? nullptr : &*o, peers, out);
    if (!only_observed) ++d;
    if (!only_desired) ++o;
  }
}

}  // namespace

v1::Routes to_routes(const plan::Intent& intent, const plan::Objects& observed,
                     const std::vector<node::PeerView>& views) {
  const auto desired = plan::desired(intent);
  const PeerNames peers(intent, views);
  v1::Routes out;
  merge(desired.links, observed.links, peers, out);
  merge(desired.ports, observed.ports, peers, out);
  merge(desired.firewall, observed.firewall, peers, out);
  merge(desired.members, observed.members, peers, out);
  merge(desired.settings, observed.settings, peers, out);
  merge(desired.addresses, observed.addresses, peers, out);
  merge(desired.fdb, observed.fdb, peers, out);
  merge(desired.neighbours, observed.neighbours, peers, out);
  merge(desired.nexthops, observed.nexthops, peers, out);
  merge(desired.routes, observed.routes, peers, out);
  return out;
}

v1::Removed to_removed(const plan::Objects& before, const plan::Objects& after) {
  const auto line = [](const plan::Object& object) {
    return std::string(plan::kind(object)) + " " + plan::id(object);
  };
  std::set<std::string> kept;
  for (const auto& object : after.all()) kept.insert(line(object));
  v1::Removed out;
  auto all = before.all();
  std::ranges::reverse(all);
  for (const auto& object : all) {
    // Settings and ports are no objects of ours: those of a device go with it, the others stay. Members are
    // told of with their table.
    if (std::holds_alternative<plan::Setting>(object) || std::holds_alternative<plan::Port>(object) ||
        std::holds_alternative<plan::Member>(object)) {
      continue;
    }
    if (!kept.contains(line(object))) out.add_objects(line(object));
  }
  return out;
}

}  // namespace overlay::control
