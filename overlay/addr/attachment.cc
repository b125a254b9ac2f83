// SPDX-License-Identifier: Apache-2.0
#include "overlay/addr/attachment.h"

#include <cstdint>

#include "overlay/base/bytes.h"

namespace overlay {
namespace {

constexpr std::string_view name_prefix = "veth";
constexpr std::size_t name_digits = 11;

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

}  // namespace

std::string digest(const Attachment& attachment) {
  // None of the three can hold a zero byte, so it separates them.
  const std::string separator(1, '\0');
  Bytes big_endian;
  append_be(big_endian,
            fnv1a(attachment.network + separator + attachment.container + separator + attachment.interface));
  return to_hex(big_endian);
}

const Attachment& host_attachment() {
  static const Attachment of_the_host{"(host)", "(host)", "overlay0"};
  return of_the_host;
}

std::string host_interface(const Attachment& attachment) {
  const std::string digits = digest(attachment);
  return std::string(name_prefix) + digits.substr(digits.size() - name_digits);
}

bool is_host_interface(std::string_view name) {
  if (!name.starts_with(name_prefix)) return false;
  name.remove_prefix(name_prefix.size());
  return name.size() == name_digits && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace overlay
