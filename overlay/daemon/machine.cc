// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/machine.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "overlay/base/crypto.h"
#include "overlay/store/file.h"

namespace overlay::daemon {
namespace {

/// The first word of a file; empty where it cannot be read.
std::string first_word(const std::filesystem::path& path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

Nonce draw_nonce() {
  std::array<std::uint8_t, Nonce::size> bytes{};
  // Up to 256 bytes always come (getrandom(2)).
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  return Nonce{bytes};
}

/// What `path` says of the boot `boot`: "NONCE BOOT", each in hexadecimal digits.
std::optional<Nonce> read_instance(const std::filesystem::path& path, const std::string& boot) {
  std::string nonce;
  std::string of;
  std::ifstream(path) >> nonce >> of;
  const auto parsed = Nonce::from_hex_text(nonce);
  if (!parsed || boot.empty() || of != boot) return std::nullopt;
  return *parsed;
}

/// Of the devices that have their address from a maker (NET_ADDR_PERM in linux/netdevice.h), the first by
/// index.
std::string first_permanent_mac(const std::filesystem::path& devices) {
  std::error_code error;
  std::string found;
  int lowest = 0;
  for (const auto& device : std::filesystem::directory_iterator(devices, error)) {
    const std::string index = first_word(device.path() / "ifindex");
    const std::string address = first_word(device.path() / "address");
    const bool permanent = first_word(device.path() / "addr_assign_type") == "0" &&
                           address.find_first_not_of("0:") != std::string::npos;
    if (!permanent || (!found.empty() && std::atoi(index.c_str()) >= lowest)) continue;
    found = address;
    lowest = std::atoi(index.c_str());
  }
  return found;
}

Bytes mark(std::string_view kind, std::string value) {
  std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return std::tolower(c); });
  // What makers and images leave where there should be a number says nothing.
  const bool blank = value.find_first_not_of("0f-:") == std::string::npos;
  if (blank || value == "uninitialized") return {};
  return Bytes(sha256("overlay binding v1 " + std::string(kind) + " " + value).view());
}

}  // namespace

Result<Nonce> instance_of_boot(const std::filesystem::path& run_dir) {
  const std::filesystem::path path = run_dir / "instance";
  const std::string boot = first_word("/proc/sys/kernel/random/boot_id");
  if (const auto known = read_instance(path, boot)) return *known;
  const Nonce nonce = draw_nonce();
  OVERLAY_CHECK(store::replace_file(path, nonce.hex() + " " + boot + "\n"));
  return nonce;
}

std::vector<Bytes> machine_marks(const std::filesystem::path& root) {
  return {mark("machine-id", first_word(root / "etc/machine-id")),
          mark("product-uuid", first_word(root / "sys/class/dmi/id/product_uuid")),
          mark("mac", first_permanent_mac(root / "sys/class/net"))};
}

}  // namespace overlay::daemon
