// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/objects.h"

#include "overlay/kube/http.h"
#include "overlay/kube/json.h"

namespace overlay::kube {
namespace {

/// Of a Kubernetes name or UID, of a label's or taint's key: what is longer is none.
constexpr std::size_t max_text = 320;
/// More of one kind an object of a sane cluster does not have.
constexpr std::size_t max_items = 64;

std::string bounded(std::string text) { return text.size() <= max_text ? std::move(text) : std::string(); }

std::vector<Ip> addresses_of(const json::value& node) {
  std::vector<Ip> out;
  for (const json::value& item : list_at(node, "/status/addresses")) {
    if (text_at(item, "/type") != "InternalIP" || out.size() == max_items) continue;
    if (const auto address = Ip::parse(text_at(item, "/address"))) out.push_back(*address);
  }
  return out;
}

std::vector<Prefix> pod_cidrs_of(const json::value& node) {
  std::vector<Prefix> out;
  for (const json::value& item : list_at(node, "/spec/podCIDRs")) {
    if (!item.is_string() || out.size() == max_items) continue;
    if (const auto prefix = Prefix::parse(std::string_view(item.as_string()))) out.push_back(*prefix);
  }
  return out;
}

std::vector<std::string> taints_of(const json::value& node) {
  std::vector<std::string> out;
  for (const json::value& item : list_at(node, "/spec/taints")) {
    if (out.size() < max_items) out.push_back(bounded(text_at(item, "/key")));
  }
  return out;
}

bool is_up(const json::value& node) {
  for (const json::value& item : list_at(node, "/status/conditions")) {
    if (text_at(item, "/type") != "NetworkUnavailable") continue;
    return text_at(item, "/status") == "False" && text_at(item, "/reason") == up_reason;
  }
  return false;
}

Result<Node> node_of(const json::value& object) {
  Node out;
  out.name = bounded(text_at(object, "/metadata/name"));
  out.uid = bounded(text_at(object, "/metadata/uid"));
  if (out.name.empty() || out.uid.empty()) return fail(Errc::invalid, "a Node without a name or a uid");
  out.addresses = addresses_of(object);
  out.pod_cidrs = pod_cidrs_of(object);
  out.is_up = is_up(object);
  out.taints = taints_of(object);
  return out;
}

/// An ERROR event carries a Status: 410 says that the version asked for is too old to go on from.
NodeEvent failure(const json::value& event) {
  NodeEvent out;
  out.kind = number_at(event, "/object/code") == gone ? NodeEvent::Kind::expired : NodeEvent::Kind::failed;
  out.error = text_at(event, "/object/message");
  return out;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

Result<Bytes> from_base64(std::string_view text) {
  const Error wrong = fail(Errc::invalid, "a value that is no base64");
  if (text.size() % 4 != 0) return wrong;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  Bytes out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text.substr(0, text.size() - padding)) {
    const int value = base64_value(c);
    if (value < 0) return wrong;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>((bits >> static_cast<unsigned>(held)) & 0xffU));
  }
  return out;
}

Result<NodePage> parse_node_page(std::string_view body) {
  OVERLAY_TRY(const json::value list, parse_json(body));
  NodePage out;
  out.version = text_at(list, "/metadata/resourceVersion");
  out.next = text_at(list, "/metadata/continue");
  if (out.version.empty()) return fail(Errc::invalid, "a list of Nodes without a resourceVersion");
  for (const json::value& item : list_at(list, "/items")) {
    OVERLAY_TRY(Node node, node_of(item));
    out.nodes.push_back(std::move(node));
  }
  return out;
}

Result<NodeEvent> parse_node_event(std::string_view line) {
  OVERLAY_TRY(const json::value event, parse_json(line));
  const std::string type = text_at(event, "/type");
  if (type == "ERROR") return failure(event);
  NodeEvent out;
  out.version = text_at(event, "/object/metadata/resourceVersion");
  if (out.version.empty()) return fail(Errc::invalid, "a watch event without a resourceVersion");
  if (type == "BOOKMARK") {
    out.kind = NodeEvent::Kind::bookmark;
    return out;
  }
  if (type != "ADDED" && type != "MODIFIED" && type != "DELETED") {
    return fail(Errc::invalid, "a watch event of an unknown type");
  }
  out.kind = type == "DELETED" ? NodeEvent::Kind::deleted : NodeEvent::Kind::changed;
  OVERLAY_TRY(out.node, node_of(*find(event, "/object")));
  return out;
}

Result<Lease> parse_lease(std::string_view body) {
  OVERLAY_TRY(const json::value object, parse_json(body));
  Lease out;
  out.holder = text_at(object, "/spec/holderIdentity");
  out.renewed = text_at(object, "/spec/renewTime");
  out.acquired = text_at(object, "/spec/acquireTime");
  out.transitions = number_at(object, "/spec/leaseTransitions");
  out.version = text_at(object, "/metadata/resourceVersion");
  if (out.version.empty()) return fail(Errc::invalid, "a Lease without a resourceVersion");
  return out;
}

Result<GenesisObject> parse_genesis(std::string_view body) {
  OVERLAY_TRY(const json::value object, parse_json(body));
  GenesisObject out;
  out.cluster = bounded(text_at(object, "/data/cluster"));
  out.pools = bounded(text_at(object, "/data/pools"));
  auto record = from_hex(text_at(object, "/data/genesis"));
  if (!record || record->empty())
    return fail(Errc::corrupt, "its key 'genesis' is missing or no hexadecimal");
  out.record = *std::move(record);
  return out;
}

Result<std::map<std::string, std::string>> parse_secret(std::string_view body) {
  OVERLAY_TRY(const json::value object, parse_json(body));
  std::map<std::string, std::string> out;
  const json::value* data = find(object, "/data");
  if (data == nullptr || !data->is_object()) return out;
  for (const auto& [key, value] : data->as_object()) {
    if (!value.is_string() || out.size() == max_items) continue;
    OVERLAY_TRY(out[std::string(std::string_view(key))], from_base64(std::string_view(value.as_string())));
  }
  return out;
}

}  // namespace overlay::kube
