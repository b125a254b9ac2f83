// SPDX-License-Identifier: Apache-2.0
// The network configuration a runtime writes to our stdin.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "cni-shim/cni_error.h"
#include "cni-shim/environment.h"
#include "cni-shim/spec_version.h"
#include "overlay/addr/attachment.h"

namespace overlay::cni {

inline constexpr std::string_view default_socket = "/run/overlay/overlayd.sock";
inline constexpr std::string_view default_bridge = "overlay0";

struct NetConf {
  SpecVersion version = newest_spec_version;
  std::string name;
  std::string socket{default_socket};  // of overlayd, an absolute path
  std::string bridge{default_bridge};
  std::uint32_t mtu = 0;      // bytes; 0: overlayd's
  bool masquerade = true;     // `ipMasq`: towards what lies outside the pools
  boost::json::object whole;  // as it came, for what only some commands read
};

/// Keys we do not know are skipped, as the specification wants. Code::undecodable for what is not a JSON
/// object, incompatible_version, bad_config with the key and what it should be.
[[nodiscard]] Outcome<NetConf> parse_netconf(std::string_view text);

/// Code::incompatible_version where the version in use does not have this command yet.
[[nodiscard]] Outcome<void> check_version_has(Command command, const NetConf& conf);

/// What ADD and CHECK were given as `prevResult`; nothing where they were given none.
[[nodiscard]] Outcome<std::optional<boost::json::object>> prev_result(const NetConf& conf);

/// What GC leaves alone. Code::bad_config when the key is missing: then nobody said that all may go.
[[nodiscard]] Outcome<std::set<Attachment>> valid_attachments(const NetConf& conf);

/// The `cniVersion` of whatever was sent, so that an error answers in it; the newest of ours when it has
/// none.
std::string answer_version(std::string_view text);

/// What VERSION prints: the version asked in and all we speak. Code::undecodable for what is not JSON;
/// nothing at all on stdin is fine.
[[nodiscard]] Outcome<std::string> version_answer(std::string_view text);

}  // namespace overlay::cni
