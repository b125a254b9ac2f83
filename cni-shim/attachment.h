// SPDX-License-Identifier: Apache-2.0
// One interface of one container in one network: the unit ADD makes and DEL removes.
#pragma once

#include <string>

namespace overlay::cni {

/// The key of the specification: unique among living attachments of a host, the same in ADD, CHECK and DEL.
struct Attachment {
  std::string network;
  std::string container;
  std::string interface;

  friend bool operator==(const Attachment&, const Attachment&) = default;
};

/// 16 hexadecimal digits, the same for the same key for ever (FNV-1a).
std::string digest(const Attachment& attachment);

/// "veth" and 11 hexadecimal digits: 15 characters, the most an interface name has. Derived, so that DEL
/// finds it without namespace, daemon or memory.
std::string host_interface(const Attachment& attachment);

/// {"network": …, "container": …, "interface": …}: overlay.v1.LeaseRequest, and the content of a queued DEL.
std::string to_json(const Attachment& attachment);

}  // namespace overlay::cni
