// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/requests.h"

#include <array>
#include <cstdio>

#include "overlay/kube/json.h"

namespace overlay::kube {
namespace {

/// Nodes of one page: a Node is some ten kilobytes, most of them names of images.
constexpr std::string_view page_size = "32";
constexpr std::string_view component = "overlayd";
/// The Node is in no namespace; the API keeps events about such objects in this one.
constexpr std::string_view node_events = "/api/v1/namespaces/default/events";

std::string in(const std::string& space, std::string_view kind) {
  return "/api/v1/namespaces/" + space + "/" + std::string(kind);
}

std::string leases(const std::string& space) {
  return "/apis/coordination.k8s.io/v1/namespaces/" + space + "/leases";
}

std::string named(const std::string& path, std::string_view name) { return path + "/" + std::string(name); }

/// A query's value: a Node's name and a continue token have nothing else to escape.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '.' || c == '_';
    out += plain ? std::string(1, c) : "%" + to_hex(std::string_view(&c, 1));
  }
  return out;
}

std::string only(const std::string& name) {
  return name.empty() ? "" : "&fieldSelector=metadata.name%3D" + escaped(name);
}

json::object metadata(const std::string& space, std::string_view name) {
  return {{"name", std::string(name)}, {"namespace", space}};
}

Request post(std::string target, const json::object& body) {
  return {.method = "POST", .target = std::move(target), .body = json::serialize(body)};
}

json::object lease_object(const std::string& space, const Lease& lease, std::chrono::seconds lasting) {
  json::object meta = metadata(space, lease_name);
  if (!lease.version.empty()) meta["resourceVersion"] = lease.version;
  json::object spec{{"holderIdentity", lease.holder},
                    {"leaseDurationSeconds", lasting.count()},
                    {"acquireTime", lease.acquired},
                    {"renewTime", lease.renewed},
                    {"leaseTransitions", lease.transitions}};
  return {{"apiVersion", "coordination.k8s.io/v1"},
          {"kind", "Lease"},
          {"metadata", std::move(meta)},
          {"spec", std::move(spec)}};
}

std::string format_time(WallTime time, bool with_micros) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<std::chrono::milliseconds> clock(time - day);
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string text = out.data();
  if (with_micros) {
    std::snprintf(out.data(), out.size(), ".%03d000", static_cast<int>(clock.subseconds().count()));
    text += out.data();
  }
  return text + "Z";
}

}  // namespace

std::string api_time(WallTime time) { return format_time(time, false); }
std::string api_micro_time(WallTime time) { return format_time(time, true); }

// ---- Nodes ----

Request list_nodes(const std::string& name, const std::string& next) {
  std::string target = "/api/v1/nodes?limit=" + std::string(page_size) + only(name);
  if (!next.empty()) target += "&continue=" + escaped(next);
  return {.target = std::move(target)};
}

Request watch_nodes(const std::string& name, const std::string& version, std::chrono::seconds lasting) {
  return {.target = "/api/v1/nodes?watch=true&allowWatchBookmarks=true&resourceVersion=" + escaped(version) +
                    "&timeoutSeconds=" + std::to_string(lasting.count()) + only(name)};
}

Request set_up(const std::string& node, WallTime now) {
  const json::object condition{
      {"type", "NetworkUnavailable"},       {"status", "False"},
      {"reason", std::string(up_reason)},   {"message", "overlayd can give this node's pods a network"},
      {"lastHeartbeatTime", api_time(now)}, {"lastTransitionTime", api_time(now)}};
  const json::object body{{"status", json::object{{"conditions", json::array{condition}}}}};
  return {.method = "PATCH",
          .target = named("/api/v1/nodes", node) + "/status",
          .body = json::serialize(body),
          .content_type = "application/strategic-merge-patch+json"};
}

/// The test makes the server refuse the whole patch when the list has changed meanwhile (RFC 6902 4.6).
Request remove_taint(const std::string& node, std::size_t index, const std::string& key) {
  const std::string path = "/spec/taints/" + std::to_string(index);
  const json::array body{json::object{{"op", "test"}, {"path", path + "/key"}, {"value", key}},
                         json::object{{"op", "remove"}, {"path", path}}};
  return {.method = "PATCH",
          .target = named("/api/v1/nodes", node),
          .body = json::serialize(body),
          .content_type = "application/json-patch+json"};
}

/// The kubelet's events about its Node name it by its name for a uid, and so does kubectl describe.
Request make_event(const std::string& node, const EventText& event, WallTime now) {
  const std::string time = api_time(now);
  return post(std::string(node_events),
              {{"apiVersion", "v1"},
               {"kind", "Event"},
               {"metadata", json::object{{"generateName", "overlay-"}, {"namespace", "default"}}},
               {"involvedObject",
                json::object{{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}, {"uid", node}}},
               {"reason", event.reason},
               {"message", event.text},
               {"type", event.is_warning ? "Warning" : "Normal"},
               {"source", json::object{{"component", std::string(component)}, {"host", node}}},
               {"reportingComponent", std::string(component)},
               {"reportingInstance", node},
               {"firstTimestamp", time},
               {"lastTimestamp", time},
               {"count", 1}});
}

// ---- what the cluster has one of ----

Request get_secret(const std::string& space) { return {.target = named(in(space, "secrets"), secret_name)}; }

Request make_secret(const std::string& space, const std::string& text) {
  return post(in(space, "secrets"), {{"apiVersion", "v1"},
                                     {"kind", "Secret"},
                                     {"metadata", metadata(space, secret_name)},
                                     {"stringData", json::object{{secret_key, text}}}});
}

Request get_genesis(const std::string& space) {
  return {.target = named(in(space, "configmaps"), genesis_name)};
}

Request make_genesis(const std::string& space, const GenesisObject& genesis) {
  return post(in(space, "configmaps"), {{"apiVersion", "v1"},
                                        {"kind", "ConfigMap"},
                                        {"metadata", metadata(space, genesis_name)},
                                        {"immutable", true},
                                        {"data", json::object{{"cluster", genesis.cluster},
                                                              {"pools", genesis.pools},
                                                              {"genesis", to_hex(genesis.record)}}}});
}

Request get_lease(const std::string& space) { return {.target = named(leases(space), lease_name)}; }

Request make_lease(const std::string& space, const Lease& lease, std::chrono::seconds lasting) {
  return post(leases(space), lease_object(space, lease, lasting));
}

Request replace_lease(const std::string& space, const Lease& lease, std::chrono::seconds lasting) {
  return {.method = "PUT",
          .target = named(leases(space), lease_name),
          .body = json::serialize(lease_object(space, lease, lasting))};
}

// ---- the service range ----

Request list_service_ranges() { return {.target = "/apis/networking.k8s.io/v1/servicecidrs?limit=32"}; }

Request probe_service_range(const std::string& space, const Ip& address) {
  const std::string family = address.is_v4() ? "IPv4" : "IPv6";
  json::object spec{{"clusterIP", address.text()},
                    {"ipFamilies", json::array{family}},
                    {"ports", json::array{json::object{{"port", 1}}}}};
  return post(in(space, "services") + "?dryRun=All", {{"apiVersion", "v1"},
                                                      {"kind", "Service"},
                                                      {"metadata", metadata(space, "overlay-range-probe")},
                                                      {"spec", std::move(spec)}});
}

}  // namespace overlay::kube
