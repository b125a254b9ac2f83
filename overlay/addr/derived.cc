// SPDX-License-Identifier: Apache-2.0
// Apart from mac.cc because of the hash: the CNI plugin parses MAC addresses and links no cryptography.
#include <algorithm>

#include "overlay/addr/mac.h"
#include "overlay/base/crypto.h"

namespace overlay {
namespace {

/// Bits 0 and 1 of a MAC's first byte: group address, locally administered (IEEE 802).
Mac local_unicast(std::string_view seed) {
  Mac out = hash_id<Mac>(seed);
  out.bytes[0] = static_cast<std::uint8_t>((out.bytes[0] & 0xfc) | 0x02);
  return out;
}

}  // namespace

Mac vtep_mac(const NodeId& node) { return local_unicast("vtep" + node.str()); }
Mac bridge_mac(const NodeId& node) { return local_unicast("bridge" + node.str()); }

Mac pod_mac(const Ip& address) {
  const Bytes low = address.is_v4() ? Bytes(address.bytes()) : sha256(address.bytes()).str().substr(0, 4);
  return Mac::parse((address.is_v4() ? "\x0a\x58" : "\x0a\x5a") + low).value();
}

Ip tunnel_address(const NodeId& node) {
  std::array<std::uint8_t, 16> out{0xfe, 0x80};
  std::copy_n(node.bytes.begin(), 8, out.begin() + 8);
  return Ip::v6(out);
}

std::uint32_t vni_of(const ClusterId& cluster) {
  constexpr std::uint32_t lowest = 0x100000;
  constexpr std::uint32_t count = 0x1000000 - lowest;
  const Digest digest = sha256("vni" + cluster.str());
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | digest.bytes[i];
  return lowest + value % count;
}

}  // namespace overlay
