// SPDX-License-Identifier: Apache-2.0
// The pod addresses of this host: leased out of the blocks it owns, each to one interface of one container.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "overlay/addr/prefix.h"
#include "overlay/ipam/lease.h"

namespace overlay::ipam {

/// What leases are drawn from: one address of each family, out of the blocks of that family.
struct Supply {
  std::vector<Family> families;  // of the pools, IPv4 first
  std::vector<Prefix> blocks;    // owned by this host, sorted, disjoint
  bool grows = true;             // further ones may be had
};

/// The first address of each block is the host's and never leased.
inline constexpr std::uint64_t reserved_per_block = 1;
/// How long a released address rests: connection tracking and neighbour tables out there still know its last
/// holder.
inline constexpr Duration cooling_time = std::chrono::seconds(60);

/// How many addresses a block can lease: 255 of a /24; at most 2^53-1.
std::uint64_t capacity(const Prefix& block);

/// Pure bookkeeping: persisting a lease before it is answered is the caller's duty.
class Leases {
 public:
  /// One address of each family of the supply; the lease there is, when the key has one.
  /// Errc::unavailable without a block of some family, Errc::exhausted when all its addresses are taken or
  /// cooling, Errc::conflict when an address asked for by name cannot be had. One that cools can: whoever
  /// names it knows whose it was.
  [[nodiscard]] Result<Lease> add(const LeaseRequest& request, WallTime wall, const Supply& supply, Time now);
  /// Takes up a lease from the log; round-robin then goes on behind the highest one of a block.
  void restore(const Lease& lease);
  /// What was released; none when there was nothing (which is no error).
  std::optional<Lease> release(const LeaseKey& key, Time now);
  /// An address was let go at `since`, in an earlier life.
  void rest(const Ip& address, Time since) { let_go_[address] = since; }
  /// When each address was let go, of those that may still have to cool.
  const std::map<Ip, Time>& resting() const { return let_go_; }

  const Lease* find(const LeaseKey& key) const;
  /// How many addresses inside `prefix` are leased.
  std::uint64_t in_use(const Prefix& prefix) const;
  /// Nobody has an address inside `prefix`, nor had lately.
  bool is_idle(const Prefix& prefix, Time now) const;
  /// Sorted by address.
  std::vector<Lease> all() const;
  std::size_t size() const { return by_key_.size(); }

  /// A further block should be asked for: none of `family` is owned, or over 75 % is leased or cooling.
  bool wants_block(Family family, const Supply& supply, Time now) const;
  /// A block of `family` that nobody uses and that is not `keep`'s, while the others would be under half full
  /// without it.
  std::optional<Prefix> spare_block(Family family, const Supply& supply, const std::map<Family, Prefix>& keep,
                                    Time now) const;

 private:
  std::uint64_t last_offset(const Prefix& block) const;
  std::optional<Ip> next_free(const Prefix& block, Time now) const;
  std::uint64_t cooling(const Prefix& prefix, Time now) const;
  std::uint64_t used(const std::vector<Prefix>& blocks, Time now) const;
  Result<Ip> choose(Family family, const Supply& supply, Time now) const;
  Result<Ip> take(const Ip& wanted, const Supply& supply) const;
  Result<Lease> held(const Lease& lease, const LeaseRequest& request) const;

  std::map<LeaseKey, Lease> by_key_;
  std::map<Ip, LeaseKey> by_address_;
  std::map<Ip, Time> let_go_;
  std::map<Prefix, Ip> last_;  // of each block, what add() leased last
};

}  // namespace overlay::ipam
