// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/backup.h"

#include "overlay/daemon/clock.h"
#include "overlay/daemon/log.h"
#include "overlay/daemon/secrets.h"
#include "overlay/store/backup_format.h"
#include "overlay/store/secret_file.h"

namespace overlay::daemon {

Result<Bytes> back_up(const node::Node& node, const KeyPair& identity, const Options& options) {
  if (!node.genesis())
    return fail(Errc::unavailable, "there is nothing to back up: the node is in no cluster yet");
  wire::BackupEntry made{wall_now(), OVERLAY_VERSION, identity.seed, {}};
  const auto secret = own_secret(options);
  if (std::error_code error; std::filesystem::exists(secret, error)) {
    OVERLAY_TRY(made.secret, store::load_secret(secret));
  }
  Bytes bytes = store::backup_bytes(made, node.snapshot());
  log(spdlog::level::info, "backup", {{"bytes", std::to_string(bytes.size())}});
  return bytes;
}

}  // namespace overlay::daemon
