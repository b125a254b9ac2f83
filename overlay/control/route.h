// SPDX-License-Identifier: Apache-2.0
// Which call a request line of the local API means. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "overlay/base/result.h"

namespace overlay::control {

enum class Action : std::uint8_t {
  status,
  peers,
  paths,
  links,
  ipam,
  addresses,
  routes,
  events,
  version,
  cni_add,
  cni_del,
  cni_check,
  cni_gc,
  forget,
  extend,
  assign,
  expose,
  hide,
  connect,
  disconnect,
  drain,
  undrain,
  leave,
  recover,
  backup,
  teardown,
};

struct Call {
  Action action = Action::status;
  std::uint64_t after = 0;  // events: only those with a higher id
  bool follow = false;      // events: go on with what comes

  friend bool operator==(const Call&, const Call&) = default;
};

/// Why a request is not served: the HTTP status and what its body (a v1::Failure) says.
struct Refusal {
  unsigned http_status = 500;
  Error error;
  std::string allow;  // 405 only: the method that is served there

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// The HTTP status that fits the kind of failure.
unsigned http_status_of(Errc code);
/// An error as a refusal.
Refusal refusal(Error error);

/// `target` is the path and query of the request line, exactly as sent.
std::variant<Call, Refusal> route(std::string_view method, std::string_view target);

}  // namespace overlay::control
