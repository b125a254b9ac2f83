// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/access.h"

#include <fstream>
#include <iterator>

namespace overlay::kube {
namespace {

constexpr std::size_t max_file_bytes = 1 << 20;

Result<std::string> read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string out(max_file_bytes, '\0');
  file.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (const auto end = out.find_last_not_of(" \t\r\n"); end != std::string::npos) out.resize(end + 1);
  if (!out.empty()) return out;
  return fail(Errc::not_found, "--kube-account: " + path.string() +
                                   " is missing or empty; run as a pod with a service account, or name a "
                                   "directory with the files token and ca.crt");
}

}  // namespace

Result<Credentials> read_credentials(const Access& access) {
  Credentials out;
  OVERLAY_TRY(out.token, read(access.account / "token"));
  OVERLAY_TRY(out.ca, read(access.account / "ca.crt"));
  return out;
}

std::string name_space(const Access& access) {
  const auto named = read(access.account / "namespace");
  return named ? *named : "overlay-system";
}

}  // namespace overlay::kube
