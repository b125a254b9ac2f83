// SPDX-License-Identifier: Apache-2.0
#include "overlay/store/identity.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "overlay/store/guarded_file.h"
#include "overlay/store/store.h"

namespace overlay::store {
namespace {

constexpr std::string_view header =
    "overlay identity 1: the secret Ed25519 seed of this node, keep it to this host\n";

Result<SecretSeed> load(const File& file) {
  OVERLAY_CHECK(check_guarded(file));
  OVERLAY_TRY(const Bytes text, file.read_all());
  const std::size_t length = header.size() + 2 * SecretSeed::size + 1;
  if (text.size() == length && text.starts_with(header) && text.back() == '\n') {
    const auto seed =
        SecretSeed::from_hex_text(std::string_view(text).substr(header.size(), 2 * SecretSeed::size));
    if (seed) return *seed;
  }
  return fail(Errc::corrupt,
              file.path().string() +
                  ": is not an identity as overlayd writes it; restore it from a backup, or move the "
                  "whole state directory away and let the host join as a new node");
}

Result<SecretSeed> new_seed() {
  OVERLAY_TRY(const auto random, random_bytes());
  return SecretSeed{random};
}

Result<Identity> create(const std::filesystem::path& path) {
  OVERLAY_TRY(const SecretSeed seed, new_seed());
  OVERLAY_CHECK(create_guarded(path, identity_text(seed)));
  return Identity{.key = KeyPair::from_seed(seed), .created = true};
}

/// One more name for what is at `path`: it stays when that is replaced.
Status keep_as(const std::filesystem::path& path, std::string_view suffix) {
  std::filesystem::path kept = path;
  kept += "." + std::string(suffix);
  if (::link(path.c_str(), kept.c_str()) != 0) return os_failure(kept, "cannot be made", errno);
  return {};
}

}  // namespace

Result<Identity> load_or_create_identity(const StateDir& directory) {
  const std::filesystem::path path = directory.path() / "identity";
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, error))) return create(path);
  OVERLAY_TRY(const SecretSeed seed, load_identity(directory));
  return Identity{.key = KeyPair::from_seed(seed)};
}

Result<SecretSeed> load_identity(const StateDir& directory) {
  OVERLAY_TRY(const File file, File::open(directory.path() / "identity", O_RDONLY | O_NOFOLLOW));
  return load(file);
}

std::string identity_text(const SecretSeed& seed) { return std::string(header) + seed.hex() + "\n"; }

Status renew(const StateDir& directory, std::string_view suffix, std::span<const Bytes> entries) {
  const std::filesystem::path identity = directory.path() / "identity";
  OVERLAY_TRY(const SecretSeed seed, new_seed());
  OVERLAY_CHECK(keep_as(identity, suffix));
  OVERLAY_CHECK(keep_as(directory.path() / "state.log", suffix));
  OVERLAY_CHECK(Store::replace(directory, entries));
  OVERLAY_CHECK(replace_file(identity, identity_text(seed)));
  return {};
}

}  // namespace overlay::store
