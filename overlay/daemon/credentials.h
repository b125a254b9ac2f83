// SPDX-License-Identifier: Apache-2.0
// What this host shows its peers: a key of the cluster's secret, or, with --tls-cert, a certificate.
#pragma once

#include <optional>

#include "overlay/daemon/options.h"
#include "overlay/transport/tls.h"

namespace overlay::daemon {

/// Nothing with --insecure. The error names the flag or file and the cure, never a secret.
[[nodiscard]] Result<std::optional<transport::Credentials>> load_credentials(const Options& options);

/// A certificate must be of this node, whose id is made at the first start.
[[nodiscard]] Status check_node(const Options& options, const transport::Credentials& credentials,
                                const NodeId& node);

/// For the log.
void tell(const transport::Credentials& credentials);

}  // namespace overlay::daemon
