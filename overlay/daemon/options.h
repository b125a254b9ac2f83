// SPDX-License-Identifier: Apache-2.0
// What the operator asks for: flags, OVERLAY_* environment variables and the TOML file of --config, in this
// order of precedence from the strongest: flag, file, environment. Checked for everything that can be known
// without this host.
#pragma once

#include <spdlog/common.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "overlay/addr/endpoint.h"
#include "overlay/addr/prefix.h"
#include "overlay/base/result.h"
#include "overlay/consensus/genesis.h"
#include "overlay/control/map_for.h"

namespace overlay::daemon {

/// TCP, where peers listen and are dialled.
inline constexpr std::uint16_t mesh_port = 6783;

/// Who sums up what overlay.vx carries.
enum class ChecksumOffload : std::uint8_t { automatic, on, off };

struct Options {
  std::string name;
  std::string zone;
  bool bootstrap = false;
  bool kubernetes = false;
  HostPort kube_api;                   // with kubernetes
  std::filesystem::path kube_account;  // with kubernetes
  std::chrono::seconds forget_after{};
  std::size_t bootstrap_expect = 0;  // founders, the first of `join`; 0: not given
  std::vector<HostPort> join;
  consensus::Genesis genesis;      // pools, lengths, port, VNI, encryption
  std::vector<std::string> given;  // which flags of genesis were given: "pool", "block-prefix", …
  std::vector<Endpoint> listen;
  bool listen_given = false;
  std::optional<Ip> underlay_address;
  std::vector<Prefix> no_masquerade;
  bool open_forward = false;
  ChecksumOffload checksum_offload = ChecksumOffload::automatic;
  std::chrono::seconds reap_after{};                // a pod without an interface loses its address
  std::filesystem::path cni_bin_dir;                // empty: leave the plugin alone
  std::filesystem::path cni_conf_dir;               // empty: as well
  std::uint16_t wireguard_port = 0;                 // UDP, where encrypted packets to this host come in
  std::uint32_t mtu = 0;                            // 0: from the underlay
  bool direct_routes = true;                        // without VXLAN to neighbours, where that works
  std::vector<std::filesystem::path> secret_files;  // the first is ours
  std::filesystem::path tls_ca;                     // with tls_cert
  std::filesystem::path tls_cert;                   // empty: not by certificates
  std::filesystem::path tls_key;                    // with tls_cert
  bool insecure = false;
  bool offline_start = true;  // a restart goes on without the voters
  std::filesystem::path state_dir;
  std::filesystem::path run_dir;
  std::optional<Endpoint> metrics;
  control::MapFor map = control::MapFor::local;
  spdlog::level::level_enum log_level = spdlog::level::info;
};

/// To run with these options, or only to print something (--help, --version).
struct Request {
  Options options;
  std::string print;  // empty: run
};

/// Errc::invalid is one sentence that names the flag, the value and the cure.
[[nodiscard]] Result<Request> parse_options(int argc, const char* const* argv);

}  // namespace overlay::daemon
