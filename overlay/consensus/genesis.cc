// SPDX-License-Identifier: Apache-2.0
#include "overlay/consensus/genesis.h"

#include <algorithm>

namespace overlay::consensus {
namespace {

constexpr std::uint32_t max_seats = 64;
constexpr std::uint32_t max_vni = 0xffffff;

Status validate_pools(const Genesis& genesis) {
  if (genesis.pools.empty()) return fail(Errc::invalid, "a cluster needs an address pool; give --pool CIDR");
  for (std::size_t i = 0; i < genesis.pools.size(); ++i) {
    const Prefix& pool = genesis.pools[i];
    for (std::size_t j = 0; j < i; ++j) {
      if (genesis.pools[j].family() != pool.family()) continue;
      return fail(Errc::invalid, "two pools of one family, --pool " + genesis.pools[j].text() +
                                     " and --pool " + pool.text() +
                                     "; give at most one IPv4 and one IPv6 pool");
    }
    OVERLAY_CHECK(validate_pool(pool));
    OVERLAY_CHECK(validate_block_length(pool, genesis.block_length(pool.family())));
  }
  return {};
}

}  // namespace

std::string_view name(Encryption encryption) {
  return encryption == Encryption::wireguard ? "wireguard" : "none";
}

std::string_view name(Ipam ipam) { return ipam == Ipam::kubernetes ? "kubernetes" : "pool"; }

Status validate_pool(const Prefix& pool) {
  const Ip& address = pool.address();
  if (!address.is_multicast() && !address.is_link_local() && !address.is_loopback()) return {};
  return fail(Errc::invalid, "--pool " + pool.text() + " is not unicast space; give a private range");
}

Status validate_block_length(const Prefix& pool, int length) {
  const std::string flag = pool.family() == Family::v4 ? "--block-prefix " : "--block-prefix6 ";
  const int longest = pool.address().bits() - 1;
  if (length >= pool.length() && length <= longest) return {};
  return fail(Errc::invalid, flag + std::to_string(length) + " does not fit the pool " + pool.text() +
                                 "; give a length from " + std::to_string(pool.length()) + " to " +
                                 std::to_string(longest));
}

Status validate(const Genesis& genesis) {
  OVERLAY_CHECK(validate_pools(genesis));
  if (!std::is_sorted(genesis.pools.begin(), genesis.pools.end())) {
    return fail(Errc::invalid, "the pools of a genesis are not sorted");
  }
  if (genesis.vxlan_port == 0) return fail(Errc::invalid, "--vxlan-port 0 is not a port; give 1 to 65535");
  if (genesis.vni > max_vni) {
    return fail(Errc::invalid,
                "--vni " + std::to_string(genesis.vni) + " has more than 24 bits; give 1 to 16777215");
  }
  if (genesis.voters.empty() || genesis.voters.size() > max_voters) {
    return fail(Errc::invalid,
                "a genesis names " + std::to_string(genesis.voters.size()) + " voters, not 1 to 5");
  }
  if (genesis.seats == 0 || genesis.seats > max_seats) {
    return fail(Errc::invalid, "a genesis has " + std::to_string(genesis.seats) + " seats, not 1 to 64");
  }
  return {};
}

}  // namespace overlay::consensus
