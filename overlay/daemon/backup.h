// SPDX-License-Identifier: Apache-2.0
// The state of a running node as one file.
#pragma once

#include "overlay/base/crypto.h"
#include "overlay/daemon/options.h"
#include "overlay/node/node.h"

namespace overlay::daemon {

/// What the state directory holds, as `node` knows it at this moment. Errc::unavailable before there is a
/// cluster.
[[nodiscard]] Result<Bytes> back_up(const node::Node& node, const KeyPair& identity, const Options& options);

}  // namespace overlay::daemon
