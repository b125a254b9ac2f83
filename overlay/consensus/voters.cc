// SPDX-License-Identifier: Apache-2.0
#include "overlay/consensus/voters.h"

#include <algorithm>
#include <tuple>

namespace overlay::consensus {
namespace {

constexpr std::size_t members_for_three = 3;
constexpr std::size_t members_for_five = 51;

std::size_t wanted_voters(std::size_t members) {
  if (members >= members_for_five) return 5;
  return members >= members_for_three ? 3 : 1;
}

const Member* find(const std::vector<Member>& members, const PublicKey& key) {
  const auto at =
      std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.key == key; });
  return at == members.end() ? nullptr : &*at;
}

bool contains(const std::vector<PublicKey>& keys, const PublicKey& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// The best member to join `chosen`: of the zone that has the fewest of them, then the longest reachable.
std::optional<PublicKey> best(const std::vector<PublicKey>& chosen, const std::vector<Member>& members,
                              const std::set<NodeId>& barred, Duration reachable_for) {
  const auto zone_mates = [&](const Member& member) {
    return std::count_if(chosen.begin(), chosen.end(), [&](const PublicKey& key) {
      const Member* other = find(members, key);
      return other != nullptr && other->zone == member.zone;
    });
  };
  const Member* found = nullptr;
  for (const Member& member : members) {
    if (!member.reachable || member.lapsed || member.leaving || member.since < reachable_for ||
        contains(chosen, member.key) || barred.contains(hash_id<NodeId>(member.key.view()))) {
      continue;
    }
    const auto rank = [&](const Member& m) { return std::tuple(zone_mates(m), -m.since, m.key); };
    if (found == nullptr || rank(member) < rank(*found)) found = &member;
  }
  if (found == nullptr) return std::nullopt;
  return found->key;
}

/// One that nobody reaches, where there is one: of two voters that one would be half of all.
void drop_least(std::vector<PublicKey>& voters, const std::vector<Member>& members) {
  const auto votes = [&](const PublicKey& key) {
    const Member* member = find(members, key);
    return member != nullptr && member->reachable && !member->lapsed;
  };
  const auto least = std::find_if_not(voters.rbegin(), voters.rend(), votes);
  voters.erase(least == voters.rend() ? voters.end() - 1 : least.base() - 1);
}

bool is_lost(const std::vector<Member>& members, const PublicKey& voter) {
  const Member* member = find(members, voter);
  if (member == nullptr) return false;
  return member->lapsed || (!member->reachable && member->since >= voter_patience);
}

}  // namespace

std::optional<std::vector<PublicKey>> improved(const std::vector<PublicKey>& voters,
                                               const std::vector<Member>& members) {
  std::vector<PublicKey> out = voters;
  const auto lost =
      std::find_if(out.begin(), out.end(), [&](const PublicKey& voter) { return is_lost(members, voter); });
  if (lost != out.end()) {
    const auto better = best(voters, members, {}, voter_patience);
    if (!better) return std::nullopt;
    *lost = *better;
    return out;
  }
  if (out.size() >= wanted_voters(members.size())) return std::nullopt;
  for (int i = 0; i < 2; ++i) {
    const auto another = best(out, members, {}, voter_patience);
    if (!another) return std::nullopt;
    out.push_back(*another);
  }
  return out;
}

std::vector<PublicKey> without(const std::vector<PublicKey>& voters, const std::set<NodeId>& removed,
                               const std::vector<Member>& members) {
  const auto is_removed = [&](const PublicKey& voter) {
    return removed.contains(hash_id<NodeId>(voter.view()));
  };
  std::vector<PublicKey> out = voters;
  for (PublicKey& voter : out) {
    if (is_removed(voter)) voter = best(out, members, removed, {}).value_or(voter);
  }
  std::erase_if(out, is_removed);
  if (out.size() % 2 == 0 && out.size() > 1) drop_least(out, members);
  return out;
}

std::optional<std::vector<PublicKey>> without_leaving(const std::vector<PublicKey>& voters,
                                                      const std::vector<Member>& members) {
  std::set<NodeId> leaving;
  for (const Member& member : members) {
    if (member.leaving && contains(voters, member.key)) leaving.insert(hash_id<NodeId>(member.key.view()));
  }
  auto out = without(voters, leaving, members);
  if (leaving.empty() || out.empty()) return std::nullopt;
  return out;
}

std::vector<PublicKey> recovered(const PublicKey& self, const std::vector<Member>& members) {
  const auto reachable = static_cast<std::size_t>(
      std::count_if(members.begin(), members.end(), [](const Member& member) { return member.reachable; }));
  std::vector<PublicKey> out = {self};
  while (out.size() < wanted_voters(reachable)) {
    const auto another = best(out, members, {}, {});
    if (!another) break;
    out.push_back(*another);
  }
  if (out.size() % 2 == 0) out.pop_back();
  return out;
}

}  // namespace overlay::consensus
