// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/conflist.h"

#include "cni-shim/netconf.h"

namespace overlay::cni {
namespace {

// One plugin a line: a person will read and compare this file.
constexpr std::string_view head = R"({
  "cniVersion": "1.0.0",
  "cniVersions": ["0.3.1", "0.4.0", "1.0.0", "1.1.0"],
  "name": "overlay",
  "plugins": [
    )";
constexpr std::string_view separator = ",\n    ";
constexpr std::string_view portmap =
    R"({"type": "portmap", "capabilities": {"portMappings": true}, "snat": true})";
constexpr std::string_view bandwidth = R"({"type": "bandwidth", "capabilities": {"bandwidth": true}})";
constexpr std::string_view tail = "\n  ]\n}\n";

}  // namespace

std::string conflist(const Companions& companions, std::string_view socket) {
  std::string out(head);
  out += R"({"type": "overlay", "capabilities": {"ips": true, "mac": true})";
  if (socket != default_socket) out += ", \"socket\": " + boost::json::serialize(boost::json::string(socket));
  out += "}";
  if (companions.portmap) out.append(separator).append(portmap);
  if (companions.bandwidth) out.append(separator).append(bandwidth);
  return out.append(tail);
}

}  // namespace overlay::cni
