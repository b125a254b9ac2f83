// SPDX-License-Identifier: Apache-2.0
// One interface of one container in one network (CNI specification, "Parameters": the key of an attachment),
// and the names that are derived from it instead of being stored.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace overlay {

/// Unique among living attachments of a host, the same in ADD, CHECK, DEL and GC.
struct Attachment {
  std::string network;
  std::string container;
  std::string interface;

  friend auto operator<=>(const Attachment&, const Attachment&) = default;
};

/// That of the host itself, under which it has one more address; no network of the CNI can be named so.
const Attachment& host_attachment();

/// 16 hexadecimal digits, the same for the same key for ever (FNV-1a).
std::string digest(const Attachment& attachment);

/// "veth" and 11 hexadecimal digits: 15 characters, the most an interface name has. Derived, so that DEL and
/// the daemon find it without namespace or memory.
std::string host_interface(const Attachment& attachment);
/// Whether it is of that form.
bool is_host_interface(std::string_view name);

}  // namespace overlay
