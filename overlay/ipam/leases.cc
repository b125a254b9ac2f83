// SPDX-License-Identifier: Apache-2.0
#include "overlay/ipam/leases.h"

#include <algorithm>

namespace overlay::ipam {
namespace {

constexpr std::uint64_t largest_count = (std::uint64_t{1} << 53) - 1;

bool cools(Time let_go, Time now) { return now < let_go + cooling_time; }

/// Calls `visit` with each entry of a map keyed by address that lies in `prefix`.
template <class Map, class Visit>
void for_each_in(const Map& map, const Prefix& prefix, Visit visit) {
  for (auto at = map.lower_bound(prefix.address()); at != map.end() && prefix.contains(at->first); ++at)
    visit(*at);
}

std::vector<Prefix> of_family(const std::vector<Prefix>& blocks, Family family) {
  std::vector<Prefix> found;
  for (const auto& block : blocks) {
    if (block.family() == family) found.push_back(block);
  }
  return found;
}

std::uint64_t capacity_of(const std::vector<Prefix>& blocks) {
  std::uint64_t sum = 0;
  for (const auto& block : blocks) sum = std::min(largest_count, sum + capacity(block));
  return sum;
}

}  // namespace

std::uint64_t capacity(const Prefix& block) {
  const std::uint64_t size = block.size();
  return size == largest_count ? largest_count : size - reserved_per_block;
}

Result<Lease> Leases::add(const LeaseKey& key, WallTime wall, const Supply& supply, Time now) {
  if (const auto* held = find(key)) return *held;
  std::erase_if(let_go_, [&](const auto& entry) { return !cools(entry.second, now); });
  Lease lease{key, {}, wall};
  for (const auto family : supply.families) {
    OVERLAY_TRY(const Ip address, choose(family, supply, now));
    lease.addresses.push_back(address);
  }
  restore(lease);
  for (const auto& block : supply.blocks) {
    for (const auto& address : lease.addresses) {
      if (block.contains(address)) last_[block] = address;
    }
  }
  return lease;
}

Result<Ip> Leases::choose(Family family, const Supply& supply, Time now) const {
  const auto blocks = of_family(supply.blocks, family);
  if (blocks.empty()) {
    return fail(Errc::unavailable,
                "no " + std::string(name(family)) + " address block yet; one was asked for, try again");
  }
  for (const auto& block : blocks) {
    if (const auto address = next_free(block, now)) return *address;
  }
  std::uint64_t resting = 0;
  for (const auto& block : blocks) resting += cooling(block, now);
  const std::string where = blocks.size() == 1
                                ? blocks.front().text()
                                : "the " + std::to_string(blocks.size()) + " blocks of this host";
  const std::string how = resting == 0 ? " are leased" : " are leased or were until a minute ago";
  return fail(Errc::exhausted, "all " + std::to_string(capacity_of(blocks)) + " addresses of " + where + how +
                                   "; a further block was asked for");
}

std::uint64_t Leases::last_offset(const Prefix& block) const {
  if (const auto last = last_.find(block); last != last_.end())
    return last->second.distance_from(block.address());
  std::uint64_t highest = 0;
  for_each_in(by_address_, block,
              [&](const auto& entry) { highest = entry.first.distance_from(block.address()); });
  return highest;
}

std::optional<Ip> Leases::next_free(const Prefix& block, Time now) const {
  const std::uint64_t most = capacity(block);
  std::uint64_t offset = last_offset(block);
  // Each taken or cooling address can be in the way once, so this many steps find a free one if there is one.
  const std::uint64_t steps = std::min(most, in_use(block) + cooling(block, now) + 1);
  for (std::uint64_t i = 0; i < steps; ++i) {
    offset = offset >= most ? reserved_per_block : offset + 1;
    const Ip address = block.address().plus(offset);
    const auto rests = let_go_.find(address);
    const bool is_cooling = rests != let_go_.end() && cools(rests->second, now);
    if (!by_address_.contains(address) && !is_cooling) return address;
  }
  return std::nullopt;
}

void Leases::restore(const Lease& lease) {
  by_key_[lease.key] = lease;
  for (const auto& address : lease.addresses) {
    by_address_[address] = lease.key;
    let_go_.erase(address);
  }
}

std::optional<Lease> Leases::release(const LeaseKey& key, Time now) {
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return std::nullopt;
  Lease released = std::move(at->second);
  by_key_.erase(at);
  for (const auto& address : released.addresses) {
    by_address_.erase(address);
    let_go_[address] = now;
  }
  return released;
}

const Lease* Leases::find(const LeaseKey& key) const {
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? nullptr : &at->second;
}

std::uint64_t Leases::in_use(const Prefix& prefix) const {
  std::uint64_t count = 0;
  for_each_in(by_address_, prefix, [&](const auto&) { ++count; });
  return count;
}

std::uint64_t Leases::cooling(const Prefix& prefix, Time now) const {
  std::uint64_t count = 0;
  for_each_in(let_go_, prefix, [&](const auto& entry) { count += cools(entry.second, now) ? 1 : 0; });
  return count;
}

std::vector<Lease> Leases::all() const {
  std::vector<Lease> leases;
  for (const auto& [address, key] : by_address_) {
    const auto& lease = by_key_.at(key);
    if (lease.addresses.front() == address) leases.push_back(lease);
  }
  return leases;
}

std::uint64_t Leases::used(const std::vector<Prefix>& blocks, Time now) const {
  std::uint64_t sum = 0;
  for (const auto& block : blocks) sum += in_use(block) + cooling(block, now);
  return sum;
}

bool Leases::wants_block(Family family, const Supply& supply, Time now) const {
  const auto blocks = of_family(supply.blocks, family);
  return blocks.empty() || used(blocks, now) * 4 > capacity_of(blocks) * 3;
}

std::optional<Prefix> Leases::spare_block(Family family, const Supply& supply,
                                          const std::map<Family, Prefix>& keep, Time now) const {
  const auto blocks = of_family(supply.blocks, family);
  if (blocks.size() < 2) return std::nullopt;
  const std::uint64_t all = used(blocks, now);
  for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
    const auto kept = keep.find(family);
    if ((kept != keep.end() && kept->second == *block) || used({*block}, now) != 0) continue;
    if (all * 2 < capacity_of(blocks) - capacity(*block)) return *block;
  }
  return std::nullopt;
}

}  // namespace overlay::ipam
