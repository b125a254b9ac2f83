// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/wishes.h"

#include <algorithm>

namespace overlay::cni {
namespace {

namespace json = boost::json;

/// What one of the ways says, as texts.
struct Said {
  std::string where;  // for errors
  Code code = Code::bad_config;
  std::vector<std::string> addresses;
  std::string mac;
};

/// The object under `path`, or an empty one.
json::object object_at(const json::object& from, std::initializer_list<std::string_view> path) {
  const json::object* at = &from;
  for (const std::string_view key : path) {
    const json::value* value = at->if_contains(key);
    if (value == nullptr || !value->is_object()) return {};
    at = &value->as_object();
  }
  return *at;
}

Outcome<Said> said_in(const json::object& object, const std::string& where) {
  Said out{where, Code::bad_config, {}, {}};
  if (const json::value* mac = object.if_contains("mac"); mac != nullptr && !mac->is_null()) {
    if (!mac->is_string()) return CniError(out.code, "\"mac\" of " + where + " is not a text");
    out.mac = std::string_view(mac->as_string());
  }
  const json::value* list = object.if_contains("ips");
  if (list == nullptr || list->is_null()) return out;
  if (!list->is_array()) return CniError(out.code, "\"ips\" of " + where + " is not a list");
  for (const json::value& item : list->as_array()) {
    if (!item.is_string())
      return CniError(out.code, "\"ips\" of " + where + " holds something else than texts");
    out.addresses.emplace_back(std::string_view(item.as_string()));
  }
  return out;
}

Said said_in(const Environment& environment) {
  Said out{"CNI_ARGS", Code::bad_environment, {}, {}};
  const auto& arguments = environment.arguments;
  if (const auto address = arguments.find("IP"); address != arguments.end() && !address->second.empty())
    out.addresses.push_back(address->second);
  if (const auto mac = arguments.find("MAC"); mac != arguments.end()) out.mac = mac->second;
  return out;
}

Outcome<std::vector<Ip>> addresses_of(const Said& said) {
  std::vector<Ip> out;
  for (const std::string& text : said.addresses) {
    const auto address = Ip::parse(text.substr(0, text.find('/')));
    if (!address)
      return CniError(said.code, said.where + " asks for the address '" + text + "', which is none");
    const auto same_family = [&](const Ip& other) { return other.family() == address->family(); };
    if (std::any_of(out.begin(), out.end(), same_family))
      return CniError(said.code, said.where + " asks for two addresses of one family: a pod has one of each");
    out.push_back(*address);
  }
  return out;
}

Outcome<Mac> mac_of(const Said& said) {
  const auto mac = parse_mac(said.mac);
  if (mac && (mac->bytes[0] & 1) == 0 && *mac != Mac()) return *mac;
  return CniError(said.code,
                  said.where + " asks for the MAC address '" + said.mac + "', which no interface can have");
}

}  // namespace

Outcome<Wishes> wishes_of(const Environment& environment, const NetConf& conf) {
  OVERLAY_TRY(const Said capabilities, said_in(object_at(conf.whole, {"runtimeConfig"}), "runtimeConfig"));
  OVERLAY_TRY(const Said arguments, said_in(object_at(conf.whole, {"args", "cni"}), "args.cni"));
  Wishes out;
  out.masquerade = conf.masquerade;
  for (const Said& said : {capabilities, arguments, said_in(environment)}) {
    if (out.addresses.empty()) {
      OVERLAY_TRY(out.addresses, addresses_of(said));
    }
    if (!out.mac && !said.mac.empty()) {
      OVERLAY_TRY(out.mac, mac_of(said));
    }
  }
  return out;
}

}  // namespace overlay::cni
