// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/result.h"

namespace overlay::cni {
namespace {

namespace json = boost::json;

json::object interface_json(const Attached::Interface& interface, SpecVersion version) {
  json::object out{{"name", interface.name}, {"mac", interface.mac}};
  if (has_interface_mtu(version) && interface.mtu != 0) out["mtu"] = interface.mtu;
  if (!interface.sandbox.empty()) out["sandbox"] = interface.sandbox;
  return out;
}

json::object address_json(const Attached::Address& address, SpecVersion version) {
  json::object out;
  if (has_ip_version(version)) out["version"] = address.prefix.address().is_v4() ? "4" : "6";
  out["address"] = address.prefix.text();
  if (address.gateway) out["gateway"] = address.gateway->text();
  if (address.interface) out["interface"] = *address.interface;
  return out;
}

json::object route_json(const Attached::Route& route) {
  json::object out{{"dst", route.destination.text()}};
  if (route.gateway) out["gw"] = route.gateway->text();
  return out;
}

CniError misshapen(std::string_view where) {
  return {Code::bad_config, "\"prevResult\" is not a CNI result: " + std::string(where)};
}

/// Empty when the key is absent or not a string.
std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(std::string_view(value->as_string()))
                                                : std::string();
}

std::optional<Ip> ip_of(const json::object& object, std::string_view key) {
  const auto parsed = Ip::parse(text_of(object, key));
  if (!parsed) return std::nullopt;
  return *parsed;
}

std::optional<std::size_t> index_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  boost::system::error_code error;
  if (value == nullptr) return std::nullopt;
  const auto index = value->to_number<std::size_t>(error);
  if (error) return std::nullopt;
  return index;
}

/// Calls `use` with every object of the list under `key`, which may be absent.
template <class Use>
Outcome<void> for_each_object(const json::object& object, std::string_view key, Use use) {
  const json::value* list = object.if_contains(key);
  if (list == nullptr || list->is_null()) return {};
  if (!list->is_array()) return misshapen("\"" + std::string(key) + "\" is not a list");
  for (const json::value& item : list->as_array()) {
    if (!item.is_object())
      return misshapen("\"" + std::string(key) + "\" has an entry that is not an object");
    use(item.as_object());
  }
  return {};
}

}  // namespace

json::object to_json(const Attached& result, SpecVersion version) {
  json::array interfaces;
  json::array addresses;
  json::array routes;
  for (const auto& interface : result.interfaces) interfaces.push_back(interface_json(interface, version));
  for (const auto& address : result.addresses) addresses.push_back(address_json(address, version));
  for (const auto& route : result.routes) routes.push_back(route_json(route));
  return {{"cniVersion", text(version)},
          {"interfaces", std::move(interfaces)},
          {"ips", std::move(addresses)},
          {"routes", std::move(routes)},
          {"dns", json::object{}}};
}

json::object to_json(const Attached& result, SpecVersion version, const json::object& earlier) {
  const auto list_of = [&earlier](std::string_view key) {
    const json::value* list = earlier.if_contains(key);
    return list != nullptr && list->is_array() ? list->as_array() : json::array();
  };
  Attached moved = result;
  for (auto& address : moved.addresses) {
    if (address.interface) *address.interface += list_of("interfaces").size();
  }
  json::object out = to_json(moved, version);
  for (const std::string_view key : {"interfaces", "ips", "routes"}) {
    json::array both = list_of(key);
    for (json::value& item : out[key].as_array()) both.push_back(std::move(item));
    out[key] = std::move(both);
  }
  if (const json::value* dns = earlier.if_contains("dns"); dns != nullptr && dns->is_object())
    out["dns"] = *dns;
  return out;
}

Outcome<Attached> parse_result(const json::object& object) {
  Attached out;
  OVERLAY_CHECK(for_each_object(object, "interfaces", [&out](const json::object& item) {
    out.interfaces.push_back({text_of(item, "name"), text_of(item, "mac"),
                              static_cast<std::uint32_t>(index_of(item, "mtu").value_or(0)),
                              text_of(item, "sandbox")});
  }));
  OVERLAY_CHECK(for_each_object(object, "ips", [&out](const json::object& item) {
    const auto prefix = Prefix::parse(text_of(item, "address"));
    if (prefix) out.addresses.push_back({*prefix, ip_of(item, "gateway"), index_of(item, "interface")});
  }));
  OVERLAY_CHECK(for_each_object(object, "routes", [&out](const json::object& item) {
    const auto destination = Prefix::parse(text_of(item, "dst"));
    if (destination) out.routes.push_back({*destination, ip_of(item, "gw")});
  }));
  return out;
}

}  // namespace overlay::cni
