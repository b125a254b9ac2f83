// SPDX-License-Identifier: Apache-2.0
// Who this node is: STATE_DIR/identity, one Ed25519 seed made at the first start and not changed while it may
// live on.
#pragma once

#include <span>
#include <string_view>

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

/// The secret of the identity there is, under the same conditions; makes none.
[[nodiscard]] Result<SecretSeed> load_identity(const StateDir& directory);
/// What the file holds.
std::string identity_text(const SecretSeed& seed);

/// A new identity with a log that holds just `entries`; the old two stay as identity.SUFFIX and
/// state.log.SUFFIX. The log comes first, so `entries` must say that it does not go on under the old
/// identity. Whoever has the old log open must write no more.
[[nodiscard]] Status renew(const StateDir& directory, std::string_view suffix,
                           std::span<const Bytes> entries);

}  // namespace overlay::store
