// SPDX-License-Identifier: Apache-2.0
// Who this node is: STATE_DIR/identity, one Ed25519 seed made at the first start and never changed.
#pragma once

#include "overlay/base/crypto.h"
#include "overlay/base/result.h"
#include "overlay/store/state_dir.h"

namespace overlay::store {

struct Identity {
  KeyPair key;
  bool created = false;  // by this call
};

/// Reads the identity, or makes one from the kernel's random numbers. A file that is not ours alone (owner,
/// mode 0600) or not what we wrote is an error that names the path and the cure; it is never overwritten.
[[nodiscard]] Result<Identity> load_or_create_identity(const StateDir& directory);

}  // namespace overlay::store
