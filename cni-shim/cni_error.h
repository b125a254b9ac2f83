// SPDX-License-Identifier: Apache-2.0
// What a runtime is told when something fails: the codes of the CNI specification ("Error") and our own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace overlay::cni {

enum class Code : std::uint32_t {
  incompatible_version = 1,  // cniVersion is not one of ours
  unsupported_field = 2,     // a key of the configuration has a value we cannot honour
  unknown_container = 3,     // CHECK: there is nothing of it; nothing is to be cleaned up
  bad_environment = 4,       // a CNI_* variable is missing or unusable
  io = 5,                    // stdin, a file, the kernel
  undecodable = 6,           // not JSON, or not the JSON it should be
  bad_config = 7,            // JSON, but not a usable network configuration
  try_again = 11,            // overlayd is not running or not ready
  not_available = 50,        // STATUS: no ADD can be served now
  impaired = 51,             // STATUS: and running containers may have lost their network
  failed = 100,              // ours: what no other code says
  exhausted = 101,           // ours: no address is left
  refused = 102,             // ours: overlayd or the kernel will not let us
  taken = 103,               // ours: the address asked for cannot be had
  exists = 104,              // ours: the interface is in the container already
  differs = 105,             // ours: CHECK found something missing or changed
};

struct CniError {
  Code code = Code::failed;
  std::string msg;
  std::string details;  // may be empty

  CniError() = default;
  CniError(Code code_, std::string msg_, std::string details_ = {})
      : code(code_), msg(std::move(msg_)), details(std::move(details_)) {}
  /// Implicit, so that OVERLAY_TRY lifts a failure of a lower layer: the kind picks the code.
  CniError(const Error& error);  // NOLINT(google-explicit-constructor)

  friend bool operator==(const CniError&, const CniError&) = default;
};

/// As overlay::Result, with an error a runtime understands.
template <class T>
using Outcome = boost::system::result<T, CniError>;

/// The JSON object of the specification, one line. `spec_version` is the one in use.
std::string to_json(const CniError& error, std::string_view spec_version);

}  // namespace overlay::cni
