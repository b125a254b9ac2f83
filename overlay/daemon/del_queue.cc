// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/del_queue.h"

#include <fstream>
#include <iterator>

#include "overlay/control/json.h"
#include "overlay/control/view.h"
#include "overlay/daemon/log.h"

namespace overlay::daemon {
namespace {

Result<ipam::LeaseKey> read_request(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  OVERLAY_TRY(const auto request, control::from_json<v1::LeaseRequest>(text));
  return control::to_lease_key(request);
}

void warn(const std::filesystem::path& path, const Error& error) {
  log(spdlog::level::warn, "cni", {{"subject", path.string()}, {"text", error.text}});
}

}  // namespace

void drain_del_queue(const std::filesystem::path& directory, const Release& release) {
  std::error_code error;  // no directory: nothing was deleted
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::filesystem::path path = entry->path();
    if (path.extension() != ".json" || path.filename().string().starts_with('.')) continue;
    const auto key = read_request(path);
    if (!key) {
      warn(path, key.error());
      std::error_code ignored;
      std::filesystem::rename(path, path.string() + ".unreadable", ignored);
      continue;
    }
    release(*key, [path](const Result<std::optional<node::LeaseAnswer>>& result) {
      std::error_code ignored;
      if (!result) return warn(path, result.error());
      std::filesystem::remove(path, ignored);
    });
  }
}

}  // namespace overlay::daemon
