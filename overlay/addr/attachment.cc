// SPDX-License-Identifier: Apache-2.0
#include "overlay/addr/attachment.h"

#include <cstdint>
#include <string_view>

#include "overlay/base/bytes.h"

namespace overlay {
namespace {

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

std::string host_interface(const Attachment& attachment) {
  const std::string digits = digest(attachment);
  return "veth" + digits.substr(digits.size() - name_digits);
}

}  // namespace overlay
