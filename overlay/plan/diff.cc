// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/diff.h"

#include <algorithm>

namespace overlay::plan {
namespace {

using Verb = Operation::Verb;

/// Walks two sorted lists in step: both(d, o) for a key in both, wanted(d) and unknown(o) for one in one.
template <class T, class Both, class Wanted, class Unknown>
void walk(const std::vector<T>& desired, const std::vector<T>& observed, Both both, Wanted wanted,
          Unknown unknown) {
  auto d = desired.begin();
  auto o = observed.begin();
  while (d != desired.end() || o != observed.end()) {
    if (o == observed.end() || (d != desired.end() && d->key() < o->key())) {
      wanted(*d++);
    } else if (d == desired.end() || o->key() < d->key()) {
      unknown(*o++);
    } else {
      both(*d++, *o++);
    }
  }
}

constexpr auto nothing = [](const auto&...) {};

/// How many operations were used.
template <class T>
std::size_t add_and_change(const std::vector<T>& desired, const std::vector<T>& observed,
                           const UseOperation& use) {
  std::size_t count = 0;
  walk(
      desired, observed,
      [&](const T& d, const T& o) {
        if (d == o) return;
        ++count;
        use({Verb::change, d, o});
      },
      [&](const T& d) {
        ++count;
        use({Verb::add, d, std::nullopt});
      },
      nothing);
  return count;
}

template <class T>
void remove_unknown(const std::vector<T>& desired, const std::vector<T>& observed, const UseOperation& use) {
  walk(desired, observed, nothing, nothing, [&use](const T& o) { use({Verb::remove, o, std::nullopt}); });
}

std::vector<Operation> diff_links(const std::vector<Link>& desired, const std::vector<Link>& observed) {
  std::vector<Operation> out;
  walk(
      desired, observed,
      [&out](const Link& d, const Link& o) {
        if (d == o) return;
        if (d.fixed() == o.fixed()) {
          out.push_back({Verb::change, d, o});
        } else {
          out.push_back({Verb::remove, o, std::nullopt});
          out.push_back({Verb::add, d, std::nullopt});
        }
      },
      [&out](const Link& d) {
        out.push_back({Verb::add, d, std::nullopt});
      },
      nothing);
  return out;
}

/// What there is besides devices.
void diff_rest(const Objects& desired, const Objects& now, bool keep_unknown, const UseOperation& use) {
  add_and_change(desired.ports, now.ports, use);
  const bool members_come_along = add_and_change(desired.firewall, now.firewall, use) > 0;
  if (!members_come_along) add_and_change(desired.members, now.members, use);
  add_and_change(desired.settings, now.settings, use);
  add_and_change(desired.addresses, now.addresses, use);
  add_and_change(desired.wireguard, now.wireguard, use);
  add_and_change(desired.fdb, now.fdb, use);
  add_and_change(desired.neighbours, now.neighbours, use);
  add_and_change(desired.nexthops, now.nexthops, use);
  add_and_change(desired.routes, now.routes, use);
  if (keep_unknown) return;
  remove_unknown(desired.routes, now.routes, use);
  remove_unknown(desired.nexthops, now.nexthops, use);
  remove_unknown(desired.neighbours, now.neighbours, use);
  remove_unknown(desired.fdb, now.fdb, use);
  remove_unknown(desired.wireguard, now.wireguard, use);
  remove_unknown(desired.addresses, now.addresses, use);
  if (!members_come_along) remove_unknown(desired.members, now.members, use);
}

// ---- the model ----

template <class T>
void put(std::vector<T>& list, const T& value) {
  const auto at = std::ranges::lower_bound(list, value.key(), {}, [](const T& item) { return item.key(); });
  if (at != list.end() && at->key() == value.key()) {
    *at = value;
  } else {
    list.insert(at, value);
  }
}

template <class T>
void take(std::vector<T>& list, const T& value) {
  std::erase_if(list, [&value](const T& item) { return item.key() == value.key(); });
}

void flush_neighbours(Objects& kernel, Device device) {
  std::erase_if(kernel.neighbours, [device](const Neighbour& entry) { return entry.device == device; });
}

void remove_routes(Objects& kernel, auto which) { std::erase_if(kernel.routes, which); }

/// What goes with a device, by the kernel's own hand.
void remove_from_device(Objects& kernel, Device device) {
  const std::string part = "/" + std::string(name(device)) + "/";
  std::erase_if(kernel.settings,
                [&part](const Setting& setting) { return setting.path.find(part) != std::string::npos; });
  flush_neighbours(kernel, device);
  std::erase_if(kernel.addresses, [device](const Address& address) { return address.device == device; });
  if (device == Device::bridge) {
    for (Port& port : kernel.ports) port.attached = false;
    remove_routes(kernel, [](const Route& route) {
      const bool onto_bridge = !route.nexthop && !route.gateway;
      return onto_bridge || (route.source && route.source->is_v4());
    });
  } else {
    kernel.fdb.clear();
    kernel.wireguard.clear();
    kernel.nexthops.clear();
    remove_routes(kernel,
                  [](const Route& route) { return route.nexthop && *route.nexthop != Route::elsewhere; });
  }
}

struct Model {
  Objects& kernel;
  const Operation& operation;
  bool removes() const { return operation.verb == Verb::remove; }

  void operator()(const Link& link) const {
    if (removes()) {
      remove_from_device(kernel, link.device);
    } else if (operation.before && std::get<Link>(*operation.before).mac != link.mac) {
      flush_neighbours(kernel, link.device);
    }
    replace(kernel.links, link);
  }
  void operator()(const Port& port) const { replace(kernel.ports, port); }
  void operator()(const Firewall& firewall) const {
    kernel.members.clear();
    if (!removes()) {
      for (const Ip& member : firewall.members) kernel.members.push_back({member});
    }
    replace(kernel.firewall, firewall);
  }
  void operator()(const Member& member) const { replace(kernel.members, member); }
  void operator()(const Setting& setting) const { replace(kernel.settings, setting); }
  void operator()(const Address& address) const {
    replace(kernel.addresses, address);
    if (!removes() || !address.ip.is_v4()) return;
    remove_routes(kernel, [&address](const Route& route) { return route.source == address.ip; });
  }
  void operator()(const WireguardPeer& peer) const {
    if (!removes()) {
      for (WireguardPeer& other : kernel.wireguard) {
        std::erase_if(other.allowed, [&peer](const Prefix& prefix) {
          return std::ranges::binary_search(peer.allowed, prefix);
        });
      }
    }
    replace(kernel.wireguard, peer);
  }
  void operator()(const FdbEntry& entry) const { replace(kernel.fdb, entry); }
  void operator()(const Neighbour& neighbour) const { replace(kernel.neighbours, neighbour); }
  void operator()(const Nexthop& nexthop) const {
    replace(kernel.nexthops, nexthop);
    if (!removes()) return;
    remove_routes(kernel, [&nexthop](const Route& route) { return route.nexthop == nexthop.number; });
  }
  void operator()(const Route& route) const { replace(kernel.routes, route); }

  template <class T>
  void replace(std::vector<T>& list, const T& value) const {
    if (removes()) {
      take(list, value);
    } else {
      put(list, value);
    }
  }
};

}  // namespace

std::string Operation::text() const {
  const char* verbs[] = {"add ", "change ", "remove "};
  return verbs[static_cast<int>(verb)] + std::string(kind(object)) + " " + plan::text(object);
}

void diff(const Objects& desired, const Objects& observed, bool keep_unknown, const UseOperation& use) {
  std::vector<Operation> links = diff_links(desired.links, observed.links);
  if (links.empty()) return diff_rest(desired, observed, keep_unknown, use);
  Objects now = observed;
  for (Operation& operation : links) {
    apply(operation, now);
    use(std::move(operation));
  }
  diff_rest(desired, now, keep_unknown, use);
}

std::vector<Operation> diff(const Objects& desired, const Objects& observed, bool keep_unknown) {
  std::vector<Operation> out;
  diff(desired, observed, keep_unknown, [&out](Operation operation) { out.push_back(std::move(operation)); });
  return out;
}

void apply(const Operation& operation, Objects& kernel) {
  std::visit(Model{kernel, operation}, operation.object);
}

}  // namespace overlay::plan
