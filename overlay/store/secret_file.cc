// SPDX-License-Identifier: Apache-2.0
#include "overlay/store/secret_file.h"

#include <fcntl.h>
#include <openssl/crypto.h>

#include "overlay/store/guarded_file.h"

namespace overlay::store {

Result<Secret> load_secret(const std::filesystem::path& path) {
  // A pipe must not hold up the daemon; it is refused below.
  OVERLAY_TRY(const File file, File::open(path, O_RDONLY | O_NONBLOCK));
  OVERLAY_CHECK(check_guarded(file));
  OVERLAY_TRY(Bytes text, file.read_all());
  const auto end = text.find_last_not_of(" \t\r\n");
  auto secret = Secret::parse(std::string_view(text).substr(0, end == Bytes::npos ? 0 : end + 1));
  OPENSSL_cleanse(text.data(), text.size());
  if (!secret) return fail(secret.error().code, path.string() + ": " + secret.error().text);
  return secret;
}

Result<Secret> make_secret(const std::filesystem::path& path) {
  OVERLAY_TRY(const auto random, random_bytes());
  const Secret secret(random);
  OVERLAY_CHECK(create_guarded(path, secret.text() + "\n"));
  return secret;
}

Status keep_secret(const std::filesystem::path& path, const Secret& secret) {
  OVERLAY_TRY(const File file, replace_file(path, secret.text() + "\n"));
  return {};
}

}  // namespace overlay::store
