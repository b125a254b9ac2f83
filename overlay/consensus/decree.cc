// SPDX-License-Identifier: Apache-2.0
#include "overlay/consensus/decree.h"

#include <algorithm>
#include <set>

namespace overlay::consensus {
namespace {

Status validate_voters(const Decree& decree) {
  const auto& voters = decree.voters;
  if (voters.empty() || voters.size() > max_voters) {
    return fail(Errc::invalid, "a decree names " + std::to_string(voters.size()) + " voters, not 1 to 5");
  }
  if (std::set(voters.begin(), voters.end()).size() != voters.size()) {
    return fail(Errc::invalid, "a decree names one voter twice");
  }
  return {};
}

Status validate_removed(const Decree& decree) {
  const auto& removed = decree.change.removed;
  std::set<NodeId> gone;
  for (const RemovedNode& node : removed) gone.insert(node.node);
  if (gone.size() != removed.size()) return fail(Errc::invalid, "a decree removes one node twice");
  for (const RemovedNode& node : removed) {
    if (node.heir && gone.contains(*node.heir)) {
      return fail(Errc::invalid, "a decree gives the blocks of " + node.node.short_hex() + " to " +
                                     node.heir->short_hex() + ", which it removes");
    }
  }
  for (const PublicKey& voter : decree.voters) {
    const auto id = hash_id<NodeId>(voter.view());
    if (!gone.contains(id)) continue;
    return fail(Errc::invalid, "a decree removes " + id.short_hex() + ", one of its voters");
  }
  return {};
}

}  // namespace

Change combined(const Change& first, const Change& second) {
  Change out = first;
  const auto add = [](auto& to, const auto& from, auto same) {
    for (const auto& item : from) {
      const auto is_same = [&](const auto& other) { return same(item, other); };
      if (std::none_of(to.begin(), to.end(), is_same)) to.push_back(item);
    }
  };
  add(out.removed, second.removed, [](const auto& a, const auto& b) { return a.node == b.node; });
  add(out.pools, second.pools, [](const auto& a, const auto& b) { return a == b; });
  add(out.assigned, second.assigned, [](const auto& a, const auto& b) { return a.prefix == b.prefix; });
  if (!out.feature_level) out.feature_level = second.feature_level;
  return out;
}

Status validate(const Decree& decree) {
  const bool is_next = decree.index == decree.follows + 1 || decree.is_recovery();
  if (!is_next || decree.index <= decree.follows) {
    return fail(Errc::invalid, "decree " + std::to_string(decree.index) + " cannot follow decree " +
                                   std::to_string(decree.follows));
  }
  const Change& change = decree.change;
  if (change.removed.size() > max_removed || change.pools.size() > max_prefixes ||
      change.assigned.size() > max_prefixes) {
    return fail(Errc::invalid, "a decree of too many changes at once");
  }
  OVERLAY_CHECK(validate_voters(decree));
  OVERLAY_CHECK(validate_removed(decree));
  for (const Prefix& pool : change.pools) OVERLAY_CHECK(validate_pool(pool));
  return {};
}

Digest hash_of_value(std::string_view value) { return sha256("overlay decree v1" + Bytes(value)); }

Digest hash_of_genesis(const ClusterId& cluster) { return sha256("overlay decree 0 v1" + cluster.str()); }

Bytes accept_statement(const ClusterId& cluster, std::uint64_t index, const Ballot& ballot,
                       const Digest& hash) {
  Bytes out = "overlay accept v1";
  out += cluster.view();
  append_be(out, index);
  append_be(out, ballot.round);
  out += ballot.proposer.view();
  out += hash.view();
  return out;
}

}  // namespace overlay::consensus
