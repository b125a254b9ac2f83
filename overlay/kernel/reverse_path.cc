// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/reverse_path.h"

#include <net/if.h>
#include <algorithm>
#include <fstream>

#include "overlay/kernel/sysctl.h"

namespace overlay::kernel {
namespace {

constexpr const char* strict = "1";
constexpr const char* loose = "2";

std::string filter_of(const std::string& device) { return "net/ipv4/conf/" + device + "/rp_filter"; }

}  // namespace

Status loosen_reverse_path(std::uint32_t device, const std::filesystem::path& note) {
  char name[IF_NAMESIZE] = {};
  if (::if_indextoname(device, name) == nullptr) return {};  // it has gone
  OVERLAY_TRY(const std::string all, read_sysctl(filter_of("all")));
  OVERLAY_TRY(const std::string own, read_sysctl(filter_of(name)));
  // The kernel takes the larger of the two (Documentation/networking/ip-sysctl.rst).
  if (std::max(all, own) != strict) return {};
  std::ofstream(note, std::ios::app) << name << ' ' << own << '\n';
  return write_sysctl(filter_of(name), loose);
}

Status restore_reverse_path(const std::filesystem::path& note) {
  std::ifstream file(note);
  Status first;
  for (std::string device, own; file >> device >> own;) {
    const auto now = read_sysctl(filter_of(device));
    if (!now || *now != loose) continue;
    Status done = write_sysctl(filter_of(device), own);
    if (first && !done) first = std::move(done);
  }
  std::error_code ignored;
  std::filesystem::remove(note, ignored);
  return first;
}

}  // namespace overlay::kernel
