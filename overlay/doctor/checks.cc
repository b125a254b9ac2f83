// SPDX-License-Identifier: Apache-2.0
#include "overlay/doctor/checks.h"

namespace overlay::doctor {
namespace {

constexpr Check table[] = {
    {"kernel", check_kernel},
    {"names", check_names},
    {"devices", check_devices},
    {"underlay", check_underlay},
    {"mtu", check_mtu},
    {"path-mtu", check_path_mtu},
    {"ports", check_ports},
    {"forwarding", check_forwarding},
    {"reverse-path", check_reverse_path},
    {"forward-policy", check_forward_policy},
    {"input-policy", check_input_policy},
    {"bridge-netfilter", check_bridge_netfilter},
    {"encryption", check_encryption},
    {"ipv6", check_ipv6},
    {"routes", check_routes},
    {"services", check_services},
    {"managers", check_managers},
    {"cni-configuration", check_cni_configuration},
    {"cni-plugin", check_cni_plugin},
    {"state", check_state},
    {"disk", check_disk},
    {"secret-file", check_secret_file},
    {"clock", check_clock},
    {"daemon", check_daemon},
    {"alarms", check_alarms},
    {"peers", check_peers},
    {"voters", check_voters},
    {"secrets", check_secrets},
    {"clones", check_clones},
    {"versions", check_versions},
    {"addresses", check_addresses},
    {"objects", check_objects},
};

}  // namespace

std::span<const Check> checks() { return table; }

}  // namespace overlay::doctor
