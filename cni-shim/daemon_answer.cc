// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/daemon_answer.h"

#include <array>
#include <boost/json.hpp>
#include <limits>

namespace overlay::cni {
namespace {

namespace json = boost::json;

constexpr std::array all_errcs{Errc::invalid, Errc::not_found,   Errc::exists,    Errc::conflict,
                               Errc::refused, Errc::unavailable, Errc::exhausted, Errc::io,
                               Errc::corrupt, Errc::unsupported};
constexpr std::size_t quoted_max = 200;

/// An empty object for anything that is not one, so that every field of it reads as missing.
json::object object_of(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  return !error && value.is_object() ? std::move(value.as_object()) : json::object();
}

std::string_view string_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->as_string()) : std::string_view();
}

Error misshapen(std::string_view what, std::string_view field) {
  return fail(Errc::invalid, "overlayd answered a " + std::string(what) + " without a usable \"" +
                                 std::string(field) +
                                 "\": cni-shim and overlayd are not of one version, run 'cni-shim install'");
}

std::vector<std::string> strings_of(const json::object& object, std::string_view key) {
  std::vector<std::string> out;
  const json::value* list = object.if_contains(key);
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& item : list->as_array()) {
    if (item.is_string()) out.emplace_back(std::string_view(item.as_string()));
  }
  return out;
}

/// Of the alarm of that name; empty when there is none.
std::string alarm_text(const json::object& status, std::string_view name) {
  const json::value* alarms = status.if_contains("alarms");
  if (alarms == nullptr || !alarms->is_array()) return {};
  for (const json::value& alarm : alarms->as_array()) {
    if (alarm.is_object() && string_of(alarm.as_object(), "name") == name)
      return std::string(string_of(alarm.as_object(), "text"));
  }
  return {};
}

Result<Mac> mac_of(const json::object& object, std::string_view key) {
  const auto parsed = parse_mac(string_of(object, key));
  if (!parsed) return misshapen("lease", key);
  return *parsed;
}

/// A list of Ip or Prefix.
template <class T>
Result<std::vector<T>> list_of(const json::object& object, std::string_view key) {
  std::vector<T> out;
  for (const std::string& item : strings_of(object, key)) {
    const auto parsed = T::parse(item);
    if (!parsed) return misshapen("lease", key);
    out.push_back(*parsed);
  }
  return out;
}

}  // namespace

Result<Lease> parse_lease(std::string_view text) {
  const json::object object = object_of(text);
  Lease out;
  OVERLAY_TRY(out.addresses, list_of<Ip>(object, "addresses"));
  if (out.addresses.empty()) return misshapen("lease", "addresses");
  OVERLAY_TRY(out.pools, list_of<Prefix>(object, "pools"));
  OVERLAY_TRY(out.mac, mac_of(object, "mac"));
  OVERLAY_TRY(out.gateway_mac, mac_of(object, "gateway_mac"));
  boost::system::error_code error;
  const json::value* mtu = object.if_contains("mtu");
  if (mtu != nullptr) out.mtu = mtu->to_number<std::uint32_t>(error);
  if (error || out.mtu == 0) return misshapen("lease", "mtu");
  return out;
}

Error parse_failure(unsigned int http_status, std::string_view text) {
  const json::object object = object_of(text);
  const std::string sentence(string_of(object, "text"));
  for (const Errc code : all_errcs) {
    if (!sentence.empty() && name(code) == string_of(object, "code")) return fail(code, sentence);
  }
  return fail(Errc::invalid, "overlayd answered HTTP " + std::to_string(http_status) + ": " +
                                 std::string(text.substr(0, quoted_max)));
}

Result<std::set<Attachment>> parse_attachments(std::string_view text) {
  const json::object object = object_of(text);
  const json::value* rows = object.if_contains("addresses");
  if (rows == nullptr || !rows->is_array()) return misshapen("list of addresses", "addresses");
  std::set<Attachment> out;
  for (const json::value& row : rows->as_array()) {
    if (!row.is_object()) return misshapen("list of addresses", "addresses");
    const json::object& one = row.as_object();
    out.insert({std::string(string_of(one, "network")), std::string(string_of(one, "container")),
                std::string(string_of(one, "interface"))});
  }
  return out;
}

Result<Readiness> parse_readiness(std::string_view text) {
  const json::object object = object_of(text);
  const json::value* node = object.if_contains("node");
  const json::value* ready =
      node != nullptr && node->is_object() ? node->as_object().if_contains("ready") : nullptr;
  if (ready == nullptr || !ready->is_bool()) return misshapen("status", "node.ready");
  return Readiness{ready->as_bool(), strings_of(node->as_object(), "waiting_for"),
                   alarm_text(object, "kernel")};
}

}  // namespace overlay::cni
