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

std::string list(const std::vector<Prefix>& blocks) {
  std::string out;
  for (const auto& block : blocks) out += (out.empty() ? "it has " : ", ") + block.text();
  return out.empty() ? "it has none yet" : out;
}

std::optional<Ip> wanted_of(const LeaseRequest& request, Family family) {
  const auto at = std::find_if(request.addresses.begin(), request.addresses.end(),
                               [family](const Ip& address) { return address.family() == family; });
  if (at == request.addresses.end()) return std::nullopt;
  return *at;
}

/// Of which families it gets an address.
Result<std::vector<Family>> families_of(const LeaseRequest& request, const Supply& supply) {
  std::vector<Family> families = supply.families;
  if (request.without_ipv6) std::erase(families, Family::v6);
  if (families.empty()) {
    return fail(Errc::unsupported,
                "IPv6 is switched off in the container and the pools have no other family: switch it on");
  }
  for (const Ip& wanted : request.addresses) {
    const bool served = std::find(families.begin(), families.end(), wanted.family()) != families.end();
    if (!served)
      return fail(Errc::conflict, wanted.text() + " is of a family that this container does not get");
  }
  return families;
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

Result<Lease> Leases::add(const LeaseRequest& request, WallTime wall, const Supply& supply, Time now) {
  if (const auto* lease = find(request.key)) return held(*lease, request);
  std::erase_if(let_go_, [&](const auto& entry) { return !cools(entry.second, now); });
  OVERLAY_TRY(const auto families, families_of(request, supply));
  Lease lease{request.key, {}, wall, {}, request.masquerade};
  for (const auto family : families) {
    const auto wanted = wanted_of(request, family);
    OVERLAY_TRY(const Ip address, wanted ? take(*wanted, supply) : choose(family, supply, now));
    lease.addresses.push_back(address);
  }
  lease.mac = request.mac.value_or(pod_mac(lease.addresses.front()));
  restore(lease);
  for (const auto& block : supply.blocks) {
    for (const auto& address : lease.addresses) {
      if (block.contains(address)) last_[block] = address;
    }
  }
  return lease;
}

/// An ADD repeated asks for the same; whoever asks for something else has not given back what it holds.
Result<Lease> Leases::held(const Lease& lease, const LeaseRequest& request) const {
  const bool has_all = std::all_of(request.addresses.begin(), request.addresses.end(), [&](const Ip& wanted) {
    return std::find(lease.addresses.begin(), lease.addresses.end(), wanted) != lease.addresses.end();
  });
  if (has_all && (!request.mac || *request.mac == lease.mac)) return lease;
  return fail(Errc::conflict, lease.key.interface + " of container " + lease.key.container + " holds " +
                                  lease.addresses.front().text() + " with MAC " + text(lease.mac) +
                                  " already: a DEL must come before it can have others");
}

Result<Ip> Leases::take(const Ip& wanted, const Supply& supply) const {
  const auto block = std::find_if(supply.blocks.begin(), supply.blocks.end(),
                                  [&](const Prefix& one) { return one.contains(wanted); });
  if (block == supply.blocks.end()) {
    return fail(Errc::conflict,
                wanted.text() + " lies in no address block of this host: " + list(supply.blocks));
  }
  const std::uint64_t offset = wanted.distance_from(block->address());
  if (offset < reserved_per_block || offset > capacity(*block))
    return fail(Errc::conflict, wanted.text() + " is this host's own: ask for another of " + block->text());
  const auto holder = by_address_.find(wanted);
  if (holder == by_address_.end()) return wanted;
  return fail(Errc::conflict, wanted.text() + " is leased to " + holder->second.interface + " of container " +
                                  holder->second.container + " in network " + holder->second.network);
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
  const std::string further = supply.grows ? "; a further block was asked for" : "";
  return fail(Errc::exhausted,
              "all " + std::to_string(capacity_of(blocks)) + " addresses of " + where + how + further);
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

bool Leases::is_idle(const Prefix& prefix, Time now) const {
  return in_use(prefix) == 0 && cooling(prefix, now) == 0;
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
