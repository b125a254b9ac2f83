// SPDX-License-Identifier: Apache-2.0
// The checks, each in a file of its own. Pure: what they judge was gathered before.
#pragma once

#include <span>

#include "overlay/doctor/evidence.h"
#include "overlay/doctor/finding.h"

namespace overlay::doctor {

// This host.
Findings check_kernel(const Evidence& evidence);
Findings check_names(const Evidence& evidence);
Findings check_devices(const Evidence& evidence);
Findings check_underlay(const Evidence& evidence);
Findings check_mtu(const Evidence& evidence);
Findings check_path_mtu(const Evidence& evidence);
Findings check_ports(const Evidence& evidence);
Findings check_forwarding(const Evidence& evidence);
Findings check_reverse_path(const Evidence& evidence);
Findings check_forward_policy(const Evidence& evidence);
Findings check_input_policy(const Evidence& evidence);
Findings check_bridge_netfilter(const Evidence& evidence);
Findings check_encryption(const Evidence& evidence);
Findings check_ipv6(const Evidence& evidence);
Findings check_routes(const Evidence& evidence);
Findings check_services(const Evidence& evidence);
Findings check_managers(const Evidence& evidence);
Findings check_cni_configuration(const Evidence& evidence);
Findings check_cni_plugin(const Evidence& evidence);
Findings check_state(const Evidence& evidence);
Findings check_disk(const Evidence& evidence);
Findings check_secret_file(const Evidence& evidence);
Findings check_clock(const Evidence& evidence);

// Its daemon and the cluster.
Findings check_daemon(const Evidence& evidence);
Findings check_alarms(const Evidence& evidence);
Findings check_peers(const Evidence& evidence);
Findings check_voters(const Evidence& evidence);
Findings check_secrets(const Evidence& evidence);
Findings check_clones(const Evidence& evidence);
Findings check_versions(const Evidence& evidence);
Findings check_addresses(const Evidence& evidence);
Findings check_objects(const Evidence& evidence);

struct Check {
  const char* name;
  Findings (*judge)(const Evidence& evidence);
};

/// In the order they are shown.
std::span<const Check> checks();

}  // namespace overlay::doctor
