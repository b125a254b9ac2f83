// SPDX-License-Identifier: Apache-2.0
// Genesis: decree 0, the values a cluster is founded with. The cluster id is the hash of its encoding.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "overlay/addr/prefix.h"
#include "overlay/base/bytes.h"
#include "overlay/base/crypto.h"

namespace overlay::consensus {

inline constexpr std::size_t max_voters = 5;
/// What this version can do together with others of its kind; a decree raises a cluster's level when all its
/// members can. 1: prefixes are assigned by decree.
inline constexpr std::uint32_t newest_feature_level = 1;

enum class Encryption : std::uint8_t { none = 1, wireguard = 2 };
/// Who chooses a node's blocks: the voter that grants them, or Kubernetes, as the podCIDRs of its Node.
enum class Ipam : std::uint8_t { pool = 0, kubernetes = 1 };

struct Genesis {
  std::vector<Prefix> pools;  // sorted, disjoint, at most one of each family
  int block_length_v4 = 24;
  int block_length_v6 = 64;
  std::uint16_t vxlan_port = 4789;
  std::uint32_t vni = 0;  // 0: derived from the cluster id
  Family underlay_family = Family::v4;
  Encryption encryption = Encryption::none;
  std::uint32_t seats = 8;        // each pool is cut into this many equal slices of free space
  std::vector<PublicKey> voters;  // the founders, sorted; seat s is held by voters[s mod voters]
  Nonce nonce;                    // makes two foundings with equal values different clusters
  std::uint32_t feature_level = newest_feature_level;
  Ipam ipam = Ipam::pool;

  int block_length(Family family) const { return family == Family::v4 ? block_length_v4 : block_length_v6; }

  friend bool operator==(const Genesis&, const Genesis&) = default;
};

/// "none" or "wireguard".
std::string_view name(Encryption encryption);
/// "pool" or "kubernetes".
std::string_view name(Ipam ipam);

/// Errc::invalid for a pool that is not unicast space.
[[nodiscard]] Status validate_pool(const Prefix& pool);
/// A block needs the host's address and at least one for a pod, and must not be larger than the pool.
[[nodiscard]] Status validate_block_length(const Prefix& pool, int length);
/// Errc::invalid names the flag that would make it valid.
[[nodiscard]] Status validate(const Genesis& genesis);

}  // namespace overlay::consensus
