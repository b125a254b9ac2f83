// SPDX-License-Identifier: Apache-2.0
#include "overlay/store/backup.h"

#include <fcntl.h>

#include "overlay/store/guarded_file.h"
#include "overlay/store/identity.h"
#include "overlay/store/secret_file.h"
#include "overlay/store/store.h"

namespace overlay::store {
namespace {

bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

Result<std::optional<Secret>> secret_of(const StateDir& directory) {
  const auto path = directory.path() / "secret";
  if (!is_there(path)) return std::optional<Secret>();
  OVERLAY_TRY(const Secret secret, load_secret(path));
  return std::optional(secret);
}

/// What a restored state would take the place of.
std::string found_in(const StateDir& directory, const Backup& backup) {
  std::string out;
  for (const char* name : {"identity", "state.log"}) {
    if (is_there(directory.path() / name)) out += (out.empty() ? "" : ", ") + std::string(name);
  }
  const auto secret = secret_of(directory);
  const bool is_ours = secret && (!*secret || **secret == backup.made.secret);
  if (!is_ours) out += (out.empty() ? "" : ", ") + std::string("secret");
  return out;
}

/// The identity comes last: overlayd refuses a log without one, and makes none for it.
Status write_state(const StateDir& directory, const Backup& backup) {
  const auto path = [&](const char* name) { return directory.path() / name; };
  if (backup.made.secret && !is_there(path("secret"))) {
    OVERLAY_CHECK(create_guarded(path("secret"), backup.made.secret->text() + "\n"));
  }
  std::vector<Bytes> entries = backup.entries;
  entries.push_back(wire::encode_entry(wire::RestoredEntry{}));
  OVERLAY_CHECK(Store::replace(directory, entries));
  return create_guarded(path("identity"), identity_text(backup.made.seed));
}

}  // namespace

Result<Backup> back_up(const StateDir& directory, WallTime now, const std::string& version) {
  OVERLAY_TRY(const SecretSeed seed, load_identity(directory));
  OVERLAY_TRY(auto secret, secret_of(directory));
  OVERLAY_TRY(const File file, File::open(directory.path() / "state.log", O_RDONLY));
  OVERLAY_TRY(const Bytes bytes, file.read_all());
  auto log = parse_log(bytes);
  if (!log) return with_context(file.path().string(), log.error());
  auto backup = make_backup({now, version, seed, std::move(secret)}, std::move(log->entries));
  if (!backup) return with_context(file.path().string(), backup.error());
  return backup;
}

Status restore(const StateDir& directory, const Backup& backup) {
  if (const std::string found = found_in(directory, backup); !found.empty()) {
    return fail(Errc::exists, directory.path().string() + ": holds the state of a node already (" + found +
                                  "), which is left as it is; if nobody wants it, move it away first");
  }
  const bool had_secret = is_there(directory.path() / "secret");
  const Status written = write_state(directory, backup);
  if (written) return {};
  std::error_code ignored;
  for (const char* name : {"identity", "state.log"})
    std::filesystem::remove(directory.path() / name, ignored);
  if (!had_secret) std::filesystem::remove(directory.path() / "secret", ignored);
  return written;
}

}  // namespace overlay::store
