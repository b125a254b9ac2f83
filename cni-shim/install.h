// SPDX-License-Identifier: Apache-2.0
// `cni-shim install` and `uninstall`: put the plugin and its network configuration where a runtime looks for
// them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cni-shim/netconf.h"
#include "overlay/base/result.h"

namespace overlay::cni {

struct InstallOptions {
  std::filesystem::path bin_dir = "/opt/cni/bin";
  std::filesystem::path conf_dir = "/etc/cni/net.d";
  std::string socket{default_socket};
};

/// "--cni-bin-dir DIR --cni-conf-dir DIR --socket PATH", also with '='; Errc::invalid names what is not
/// understood.
[[nodiscard]] Result<InstallOptions> parse_install_options(const std::vector<std::string>& arguments);

/// What was done to one file, for the person who ran it: "wrote PATH", "PATH is up to date", …
using Report = std::vector<std::string>;

/// Copies `self` to BIN/overlay, then writes CONF/10-overlay.conflist; a file that has its content already is
/// not touched. Names each configuration that sorts before ours: runtimes take the first. Each appears whole
/// (write, fsync, rename), under a temporary name no runtime reads. Errors name the path and the cure.
[[nodiscard]] Result<Report> install(const InstallOptions& options, const std::filesystem::path& self);

/// Removes both, the configuration first; fine when they are not there. Directories stay: runtimes watch
/// them.
[[nodiscard]] Result<Report> uninstall(const InstallOptions& options);

}  // namespace overlay::cni
