// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/service_range.h"

#include <algorithm>

#include "overlay/kube/json.h"

namespace overlay::kube {
namespace {

constexpr std::string_view refusal = "range of valid IPs is ";

/// Where a free pool is looked for; the first is where the default pool lies.
constexpr std::string_view private_v4[] = {"10.0.0.0/8", "172.16.0.0/12", "100.64.0.0/10", "192.168.0.0/16"};
constexpr std::string_view private_v6[] = {"fd00::/8"};

/// Steps of one search: a /8 holds no more prefixes of a length that is worth a pool.
constexpr std::uint64_t max_candidates = 4096;

bool is_free(const Prefix& candidate, const std::vector<Prefix>& taken) {
  return std::none_of(taken.begin(), taken.end(),
                      [&](const Prefix& prefix) { return prefix.overlaps(candidate); });
}

/// A free prefix of the pool's length, behind the pool and then from the beginning.
std::optional<Prefix> find_free(const Prefix& pool, const std::vector<Prefix>& taken) {
  const bool v4 = pool.family() == Family::v4;
  const auto spaces = v4 ? std::vector<std::string_view>(std::begin(private_v4), std::end(private_v4))
                         : std::vector<std::string_view>(std::begin(private_v6), std::end(private_v6));
  for (const std::string_view text : spaces) {
    const Prefix space = Prefix::parse(text).value();
    const std::uint64_t count = std::min(space.count_of(pool.length()), max_candidates);
    const std::uint64_t first = space.contains(pool) ? pool.index_in(space) : 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const Prefix candidate = space.nth(pool.length(), (first + i) % count);
      if (is_free(candidate, taken)) return candidate;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<Prefix>> parse_service_ranges(std::string_view body) {
  OVERLAY_TRY(const json::value list, parse_json(body));
  std::vector<Prefix> out;
  for (const json::value& item : list_at(list, "/items")) {
    for (const json::value& cidr : list_at(item, "/spec/cidrs")) {
      if (!cidr.is_string()) continue;
      if (const auto prefix = Prefix::parse(std::string_view(cidr.as_string()))) out.push_back(*prefix);
    }
  }
  return out;
}

std::optional<Prefix> range_in_refusal(std::string_view body) {
  const auto object = parse_json(body);
  if (!object) return std::nullopt;
  const std::string message = text_at(*object, "/message");
  const std::size_t at = message.find(refusal);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = at + refusal.size();
  const std::size_t end = message.find_first_not_of("0123456789abcdefABCDEF.:/", begin);
  const auto prefix = Prefix::parse(std::string_view(message).substr(begin, end - begin));
  return prefix ? std::optional(*prefix) : std::nullopt;
}

Ip impossible_address(Family family) {
  return Ip::parse(family == Family::v4 ? "192.0.2.1" : "2001:db8::1").value();
}

Status check_pools(const std::vector<Prefix>& pools, const std::vector<Prefix>& services,
                   const std::vector<Ip>& node_addresses) {
  std::vector<Prefix> taken = services;
  for (const Ip& address : node_addresses) taken.push_back(Prefix::host(address));
  taken.insert(taken.end(), pools.begin(), pools.end());
  for (const Prefix& pool : pools) {
    const auto clash = std::find_if(services.begin(), services.end(),
                                    [&](const Prefix& service) { return service.overlaps(pool); });
    if (clash == services.end()) continue;
    const auto free = find_free(pool, taken);
    return fail(Errc::conflict, "--pool " + pool.text() + " overlaps the cluster's services, " +
                                    clash->text() + ", which would hide them from pods; give " +
                                    (free ? "--pool " + free->text() : "a smaller --pool") +
                                    ", or another range that is free in your network");
  }
  return {};
}

}  // namespace overlay::kube
