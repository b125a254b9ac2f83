// SPDX-License-Identifier: Apache-2.0
// The network configuration a runtime writes to our stdin.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cni-shim/cni_error.h"
#include "cni-shim/spec_version.h"

namespace overlay::cni {

inline constexpr std::string_view default_socket = "/run/overlay/overlayd.sock";
inline constexpr std::string_view default_bridge = "overlay0";

struct NetConf {
  SpecVersion version = newest_spec_version;
  std::string name;
  std::string socket{default_socket};  // of overlayd, an absolute path
  std::string bridge{default_bridge};
  std::uint32_t mtu = 0;                           // bytes; 0: overlayd's
  std::optional<boost::json::object> prev_result;  // as it came; only CHECK reads it
};

/// Keys we do not know are skipped, as the specification wants. Code::undecodable for what is not a JSON
/// object, incompatible_version, bad_config with the key and what it should be, unsupported_field for
/// `ipMasq: false`.
[[nodiscard]] Outcome<NetConf> parse_netconf(std::string_view text);

/// The `cniVersion` of whatever was sent, so that an error answers in it; the newest of ours when it has
/// none.
std::string answer_version(std::string_view text);

/// What VERSION prints: the version asked in and all we speak. Code::undecodable for what is not JSON;
/// nothing at all on stdin is fine.
[[nodiscard]] Outcome<std::string> version_answer(std::string_view text);

}  // namespace overlay::cni
