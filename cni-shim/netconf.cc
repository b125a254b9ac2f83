// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/netconf.h"

#include "cni-shim/environment.h"

namespace overlay::cni {
namespace {

namespace json = boost::json;

/// Of the specification.
SpecVersion first_version_with(Command command) {
  switch (command) {
    case Command::add:
    case Command::del:
    case Command::version:
      return SpecVersion::v0_3_0;
    case Command::check:
      return SpecVersion::v0_4_0;
    case Command::gc:
    case Command::status:
      return SpecVersion::v1_1_0;
  }
  return newest_spec_version;
}

constexpr std::uint32_t mtu_min = 576;  // what every IPv4 host must take (RFC 791)
constexpr std::uint32_t mtu_max = 65535;

CniError bad(std::string_view key, const json::value& value, std::string_view rule) {
  return {Code::bad_config,
          "\"" + std::string(key) + "\" is " + json::serialize(value) + ", not " + std::string(rule)};
}

Outcome<json::object> parse_object(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) {
    return CniError(Code::undecodable, "the network configuration on stdin is not JSON", error.message());
  }
  if (!value.is_object()) {
    return CniError(Code::undecodable, "the network configuration on stdin is not a JSON object");
  }
  return std::move(value.as_object());
}

Outcome<SpecVersion> parse_version(const json::object& object) {
  const json::value* value = object.if_contains("cniVersion");
  if (value != nullptr && !value->is_string())
    return bad("cniVersion", *value, "a version such as \"1.0.0\"");
  // As libcni reads a configuration without it.
  const std::string_view wanted = value == nullptr ? "0.1.0" : std::string_view(value->as_string());
  if (const auto version = parse_spec_version(wanted)) return *version;
  return CniError(
      Code::incompatible_version,
      "cniVersion is " + std::string(wanted) + ", this plugin speaks 0.3.0, 0.3.1, 0.4.0, 1.0.0 and 1.1.0");
}

/// `out` stays as it is when the key is absent.
Outcome<void> take_string(const json::object& object, std::string_view key, bool (*valid)(std::string_view),
                          std::string_view rule, std::string& out) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return {};
  if (!value->is_string() || !valid(value->as_string())) return bad(key, *value, rule);
  out = std::string_view(value->as_string());
  return {};
}

Outcome<bool> take_bool(const json::object& object, std::string_view key, bool absent) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return absent;
  if (!value->is_bool()) return bad(key, *value, "true or false");
  return value->as_bool();
}

Outcome<std::uint32_t> take_mtu(const json::object& object) {
  const json::value* value = object.if_contains("mtu");
  if (value == nullptr) return 0U;
  boost::system::error_code error;
  const auto mtu = value->to_number<std::uint32_t>(error);
  if (error || !(value->is_int64() || value->is_uint64()) || (mtu != 0 && (mtu < mtu_min || mtu > mtu_max))) {
    return bad("mtu", *value, "0 or a number of bytes from 576 to 65535");
  }
  return mtu;
}

/// One attachment of GC; Code::bad_config where it is none.
Outcome<Attachment> parse_attachment(const std::string& network, std::string_view key,
                                     const json::value& value) {
  const auto text_of = [&value](std::string_view name) {
    const json::value* text = value.is_object() ? value.as_object().if_contains(name) : nullptr;
    return text != nullptr && text->is_string() ? std::string(std::string_view(text->as_string()))
                                                : std::string();
  };
  Attachment out{network, text_of("containerID"), text_of("ifname")};
  if (is_identifier(out.container) && is_interface_name(out.interface)) return out;
  return bad(key, value, "a list of objects with \"containerID\" and \"ifname\"");
}

}  // namespace

Outcome<NetConf> parse_netconf(std::string_view text) {
  OVERLAY_TRY(const json::object object, parse_object(text));
  NetConf out;
  OVERLAY_TRY(out.version, parse_version(object));
  const auto absolute = [](std::string_view path) { return path.starts_with('/'); };
  OVERLAY_CHECK(take_string(object, "name", is_identifier,
                            "letters, digits, '_', '.' and '-' after a letter or digit", out.name));
  if (out.name.empty()) return CniError(Code::bad_config, "\"name\" is missing: the network needs one");
  OVERLAY_CHECK(take_string(object, "socket", absolute, "an absolute path", out.socket));
  OVERLAY_CHECK(take_string(object, "bridge", is_interface_name, "the name of an interface", out.bridge));
  OVERLAY_TRY(out.mtu, take_mtu(object));
  // Taken and of no effect: pods of one host reach each other, and themselves, through the host's routing, so
  // no port needs hairpin mode.
  OVERLAY_CHECK(take_bool(object, "hairpinMode", true));
  OVERLAY_TRY(out.masquerade, take_bool(object, "ipMasq", true));
  out.whole = object;
  return out;
}

Outcome<void> check_version_has(Command command, const NetConf& conf) {
  const SpecVersion since = first_version_with(command);
  if (conf.version >= since) return {};
  return CniError(Code::incompatible_version, std::string(name(command)) + " is of cniVersion " +
                                                  std::string(text(since)) + " and later, not of " +
                                                  std::string(text(conf.version)));
}

Outcome<std::optional<json::object>> prev_result(const NetConf& conf) {
  const json::value* value = conf.whole.if_contains("prevResult");
  if (value == nullptr || value->is_null()) return std::optional<json::object>();
  if (!value->is_object()) return bad("prevResult", *value, "an object");
  return std::optional(value->as_object());
}

Outcome<std::set<Attachment>> valid_attachments(const NetConf& conf) {
  // The specification's name, and the one that libcni before 1.2.1 sends.
  for (const char* key : {"cni.dev/valid-attachments", "cni.dev/attachments"}) {
    const json::value* value = conf.whole.if_contains(key);
    if (value == nullptr) continue;
    std::set<Attachment> out;
    if (value->is_null()) return out;
    if (!value->is_array()) return bad(key, *value, "a list");
    for (const json::value& item : value->as_array()) {
      OVERLAY_TRY(auto attachment, parse_attachment(conf.name, key, item));
      out.insert(std::move(attachment));
    }
    return out;
  }
  return CniError(Code::bad_config,
                  "\"cni.dev/valid-attachments\" is missing: GC would remove every container's interface");
}

Outcome<std::string> version_answer(std::string_view text) {
  if (!text.empty()) OVERLAY_CHECK(parse_object(text));
  json::array supported;
  for (const SpecVersion version : all_spec_versions) supported.emplace_back(cni::text(version));
  return json::serialize(
      json::object{{"cniVersion", answer_version(text)}, {"supportedVersions", std::move(supported)}});
}

std::string answer_version(std::string_view text) {
  const auto object = parse_object(text);
  const json::value* value = object ? object->if_contains("cniVersion") : nullptr;
  return std::string(value != nullptr && value->is_string() ? std::string_view(value->as_string())
                                                            : cni::text(newest_spec_version));
}

}  // namespace overlay::cni
