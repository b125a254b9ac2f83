// SPDX-License-Identifier: Apache-2.0
// Looks at this host for the checks. Takes a second or two; leaves nothing behind.
#pragma once

#include <filesystem>
#include <string>

#include "overlay/doctor/evidence.h"

namespace overlay::doctor {

/// Where things are on this host; the defaults are overlayd's.
struct Places {
  std::filesystem::path state_dir = "/var/lib/overlay";
  std::filesystem::path secret_file;  // empty: STATE_DIR/secret
  std::filesystem::path cni_bin_dir = "/opt/cni/bin";
  std::filesystem::path cni_conf_dir = "/etc/cni/net.d";
};

/// `evidence` has what the daemon said, or why it said nothing; the rest is filled in.
void gather(const Places& places, Evidence& evidence);

// Its parts, in the network namespace of the calling thread.

/// What stops an overlay in an empty namespace of its own, which is gone afterwards; empty when nothing does.
std::string try_kernel();
/// Those of the ports that overlayd listens at by default which cannot be opened.
std::vector<TakenPort> try_ports(bool has_overlay);
/// Sends echo requests to all of `echoes` and waits for the answers for a second.
void send_echoes(std::uint32_t mtu, std::vector<Echo>& echoes);

Result<Disk> try_disk(const std::filesystem::path& directory);
Cni look_at_cni(const Places& places);
/// `root` is what their paths begin with: "/", or a test's.
std::vector<Manager> find_managers(const std::filesystem::path& root);

}  // namespace overlay::doctor
