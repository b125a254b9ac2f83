// SPDX-License-Identifier: Apache-2.0
// Which secrets this host holds: those of --secret-file, else STATE_DIR/secret, which --bootstrap makes and
// where --kubernetes keeps what it has read.
#pragma once

#include <optional>

#include "overlay/daemon/options.h"
#include "overlay/transport/keyring.h"

namespace overlay::daemon {

/// STATE_DIR/secret.
std::filesystem::path own_secret(const Options& options);

/// True where load_keys() will make a secret: the host founds a cluster and there is none.
bool makes_secret(const Options& options);

/// Nothing with --insecure. The error names the flag or file and the cure, never a secret.
[[nodiscard]] Result<std::optional<transport::Keyring>> load_keys(const Options& options);

/// For people: how the next host joins this one; empty unless this host has founded with its own secret.
std::string joining_line(const Options& options, const std::optional<Ip>& underlay);

}  // namespace overlay::daemon
