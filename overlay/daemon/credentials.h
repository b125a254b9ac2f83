// SPDX-License-Identifier: Apache-2.0
// What this host shows its peers: a key of the cluster's secret, or, with --tls-cert, a certificate.
#pragma once

#include <optional>

#include "overlay/daemon/driver.h"
#include "overlay/daemon/mesh_sessions.h"
#include "overlay/daemon/options.h"
#include "overlay/plan/wireguard.h"
#include "overlay/transport/tls.h"

namespace overlay::daemon {

/// Nothing with --insecure. The error names the flag or file and the cure, never a secret.
[[nodiscard]] Result<std::optional<transport::Credentials>> load_credentials(const Options& options);

/// A certificate must be of this node, whose id is made at the first start.
[[nodiscard]] Status check_node(const Options& options, const transport::Credentials& credentials,
                                const NodeId& node);

/// What they give to encryption; nothing where they are no secrets.
std::vector<plan::PairRoot> pair_roots(const std::optional<transport::Credentials>& credentials);

/// For the log.
void tell(const transport::Credentials& credentials);

/// Others in the place of those there are: for sessions from now on, and for encryption.
void take_up(const transport::Credentials& credentials, Driver& driver, MeshSessions& sessions);

}  // namespace overlay::daemon
