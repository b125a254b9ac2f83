// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/route.h"

#include <charconv>
#include <utility>

namespace overlay::control {

namespace {

struct Entry {
  std::string_view method;
  std::string_view path;
  Action action;
};

/// The whole API.
constexpr Entry entries[] = {
    {"GET", "/v1/status", Action::status},       {"GET", "/v1/peers", Action::peers},
    {"GET", "/v1/paths", Action::paths},         {"GET", "/v1/links", Action::links},
    {"GET", "/v1/ipam", Action::ipam},           {"GET", "/v1/ipam/addresses", Action::addresses},
    {"GET", "/v1/routes", Action::routes},       {"GET", "/v1/events", Action::events},
    {"GET", "/v1/version", Action::version},     {"POST", "/v1/cni/add", Action::cni_add},
    {"POST", "/v1/cni/del", Action::cni_del},    {"POST", "/v1/cni/check", Action::cni_check},
    {"POST", "/v1/cni/gc", Action::cni_gc},      {"POST", "/v1/forget", Action::forget},
    {"POST", "/v1/ipam/extend", Action::extend}, {"POST", "/v1/ipam/assign", Action::assign},
    {"POST", "/v1/expose", Action::expose},      {"POST", "/v1/hide", Action::hide},
    {"POST", "/v1/connect", Action::connect},    {"POST", "/v1/disconnect", Action::disconnect},
    {"POST", "/v1/drain", Action::drain},        {"POST", "/v1/undrain", Action::undrain},
    {"POST", "/v1/leave", Action::leave},        {"POST", "/v1/recover", Action::recover},
    {"POST", "/v1/teardown", Action::teardown},  {"GET", "/v1/backup", Action::backup},
};

std::string all_paths() {
  std::string out;
  for (const auto& entry : entries) {
    if (!out.empty()) out += ", ";
    out += std::string(entry.method) + " " + std::string(entry.path);
  }
  return out;
}

/// Everything before the first `mark`, which is taken off with it.
std::string_view take_until(std::string_view& rest, char mark) {
  const auto end = rest.find(mark);
  const auto part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return part;
}

Result<std::uint64_t> event_id(std::string_view text) {
  // An id is a JSON number, exact up to 2^53.
  constexpr std::uint64_t id_max = (std::uint64_t{1} << 53) - 1;
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc{} && end == text.data() + text.size() && id <= id_max) return id;
  return fail(Errc::invalid, "after=" + std::string(text) + " is not an event's id: give a whole number");
}

Status read_parameter(std::string_view name, std::string_view value, Call& call) {
  const bool for_events = call.action == Action::events;
  if (for_events && name == "after") {
    OVERLAY_TRY(call.after, event_id(value));
    return {};
  }
  if (for_events && name == "follow" && (value == "0" || value == "1")) {
    call.follow = value == "1";
    return {};
  }
  const std::string known = for_events ? "after=ID and follow=0|1" : "none";
  return fail(Errc::invalid, "parameter " + std::string(name) + "=" + std::string(value) +
                                 " is not known here: there is " + known);
}

Status read_query(std::string_view query, Call& call) {
  while (!query.empty()) {
    auto value = take_until(query, '&');
    const auto name = take_until(value, '=');
    OVERLAY_CHECK(read_parameter(name, value, call));
  }
  return {};
}

}  // namespace

unsigned http_status_of(Errc code) {
  switch (code) {
    case Errc::invalid:
      return 400;
    case Errc::refused:
      return 403;
    case Errc::not_found:
      return 404;
    case Errc::exists:
    case Errc::conflict:
      return 409;
    case Errc::unsupported:
      return 501;
    case Errc::unavailable:
    case Errc::exhausted:
      return 503;
    case Errc::io:
    case Errc::corrupt:
      return 500;
  }
  return 500;
}

Refusal refusal(Error error) {
  const auto status = http_status_of(error.code);
  return {status, std::move(error), {}};
}

std::variant<Call, Refusal> route(std::string_view method, std::string_view target) {
  auto query = target;
  const auto path = take_until(query, '?');
  for (const auto& entry : entries) {
    if (entry.path != path) continue;
    if (entry.method != method) {
      return Refusal{405,
                     fail(Errc::unsupported, std::string(path) + " serves " + std::string(entry.method) +
                                                 ", not " + std::string(method)),
                     std::string(entry.method)};
    }
    Call call{entry.action};
    if (auto read = read_query(query, call); !read) return refusal(std::move(read).error());
    return call;
  }
  return refusal(fail(Errc::not_found, "nothing is at this path: there are " + all_paths()));
}

}  // namespace overlay::control
