// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/objects.h"

#include <algorithm>

namespace overlay::plan {
namespace {

constexpr std::string_view alias_prefix = "overlay:";

template <class T>
std::size_t normalise_list(std::vector<T>& list) {
  const auto in_order = [](const T& a, const T& b) { return a.key() < b.key(); };
  const auto out_of_order = [&](const T& a, const T& b) { return !in_order(a, b); };
  if (std::ranges::adjacent_find(list, out_of_order) == list.end()) return 0;
  std::ranges::stable_sort(list, in_order);
  const auto same_key = [](const T& a, const T& b) { return a.key() == b.key(); };
  const auto rest = std::unique(list.begin(), list.end(), same_key);
  const auto gone = static_cast<std::size_t>(list.end() - rest);
  list.erase(rest, list.end());
  return gone;
}

const auto& list_of(const Objects& in, const Link& /*kind*/) { return in.links; }
const auto& list_of(const Objects& in, const Port& /*kind*/) { return in.ports; }
const auto& list_of(const Objects& in, const Firewall& /*kind*/) { return in.firewall; }
const auto& list_of(const Objects& in, const Member& /*kind*/) { return in.members; }
const auto& list_of(const Objects& in, const Setting& /*kind*/) { return in.settings; }
const auto& list_of(const Objects& in, const Address& /*kind*/) { return in.addresses; }
const auto& list_of(const Objects& in, const WireguardPeer& /*kind*/) { return in.wireguard; }
const auto& list_of(const Objects& in, const FdbEntry& /*kind*/) { return in.fdb; }
const auto& list_of(const Objects& in, const Neighbour& /*kind*/) { return in.neighbours; }
const auto& list_of(const Objects& in, const Nexthop& /*kind*/) { return in.nexthops; }
const auto& list_of(const Objects& in, const Route& /*kind*/) { return in.routes; }

/// The one with this value's key; null when there is none.
template <class T>
const T* find_key(const std::vector<T>& list, const T& value) {
  const auto at = std::ranges::lower_bound(list, value.key(), {}, [](const T& item) { return item.key(); });
  return at != list.end() && at->key() == value.key() ? &*at : nullptr;
}

}  // namespace

bool is_our_nexthop_id(std::uint32_t id) {
  const std::uint32_t index = id & peer_index_max;
  const std::uint32_t base = id - index;
  return index != 0 && (base == nexthop_base_v4 || base == nexthop_base_v6);
}

std::string_view name(Device device) {
  constexpr std::array names = {"overlay0", "overlay.vx", "overlay.wg"};
  return names.at(static_cast<std::size_t>(device));
}

std::string alias_of(const ClusterId& cluster) { return std::string(alias_prefix) + cluster.hex(); }

std::optional<ClusterId> cluster_of_alias(std::string_view alias) {
  if (!alias.starts_with(alias_prefix)) return std::nullopt;
  const auto parsed = ClusterId::from_hex_text(alias.substr(alias_prefix.size()));
  if (!parsed) return std::nullopt;
  return *parsed;
}

std::string Link::text() const {
  std::string out = std::string(name(device)) + " mac " + overlay::text(mac) + " mtu " + std::to_string(mtu);
  if (device == Device::vxlan) {
    out += " vni " + std::to_string(vni) + " port " + std::to_string(port) + " local " + local.text();
    if (!checksum_offload) out += " checksum offload off";
  }
  if (device == Device::wireguard) {
    out += " port " + std::to_string(port) + " key " + wireguard_public(secret).hex();
  }
  if (!renamed.empty()) out += " renamed to " + renamed;
  return out + (up ? " up" : " down") + " alias " + (alias.empty() ? "none" : alias);
}

std::string WireguardPeer::text() const {
  std::string out = id() + " at " + endpoint.text() + " for";
  for (const Prefix& prefix : allowed) out += " " + prefix.text();
  if (keepalive != 0) out += " keepalive " + std::to_string(keepalive);
  return out + (preshared.is_zero() ? " without a preshared key" : " with a preshared key");
}

std::string Route::text() const {
  std::string out = destination.text();
  if (nexthop) {
    out += *nexthop == elsewhere ? " by another way" : " nexthop " + std::to_string(*nexthop);
  } else if (gateway) {
    out += " via " + gateway->text() + " on device " + std::to_string(device);
  } else {
    out += " dev " + std::string(name(Device::bridge));
  }
  if (metric != default_metric(destination.family())) out += " metric " + std::to_string(metric);
  if (source) out += " src " + source->text();
  if (mtu != 0) out += " mtu " + std::to_string(mtu);
  return out;
}

std::uint32_t default_metric(Family family) { return family == Family::v4 ? 0 : 1024; }
std::uint32_t beneath_metric(Family family) { return default_metric(family) + 1024; }

std::string_view kind(const Object& object) {
  return std::visit([](const auto& value) { return value.kind; }, object);
}

std::string id(const Object& object) {
  return std::visit([](const auto& value) { return value.id(); }, object);
}

std::string text(const Object& object) {
  return std::visit([](const auto& value) { return value.text(); }, object);
}

std::size_t Objects::normalise() {
  const auto each = [](auto&... lists) { return (normalise_list(lists) + ...); };
  return each(links, ports, firewall, members, settings, addresses, wireguard, fdb, neighbours, nexthops,
              routes);
}

bool Objects::hold(const Object& object) const {
  return std::visit(
      [this](const auto& value) {
        const auto* found = find_key(list_of(*this, value), value);
        return found != nullptr && *found == value;
      },
      object);
}

bool Objects::know(const Object& object) const {
  return std::visit([this](const auto& value) { return find_key(list_of(*this, value), value) != nullptr; },
                    object);
}

std::vector<Object> Objects::all() const {
  std::vector<Object> out;
  const auto append = [&out](const auto&... lists) {
    (out.insert(out.end(), lists.begin(), lists.end()), ...);
  };
  append(links, ports, firewall, members, settings, addresses, wireguard, fdb, neighbours, nexthops, routes);
  return out;
}

}  // namespace overlay::plan
