// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/departures.h"

#include <algorithm>

namespace overlay::kube {
namespace {

/// It cannot be reached, and this node, or one that can, is its Node.
bool is_replaced(const Member& member, const std::vector<Member>& members, const std::string& own_uid) {
  const auto took_its_place = [&member](const Member& other) {
    return other.is_reached && other.uid == member.uid;
  };
  return !member.is_reached && (member.uid == own_uid || std::ranges::any_of(members, took_its_place));
}

}  // namespace

std::vector<Departure> Departures::look(const std::vector<Member>& members, const std::set<std::string>& uids,
                                        const std::string& own_uid, Time now) {
  if (!uids.contains(own_uid)) return {};
  std::vector<Departure> out;
  std::map<std::string, Time> missing;
  for (const Member& member : members) {
    const bool replaced = is_replaced(member, members, own_uid);
    if (member.uid.empty() || (uids.contains(member.uid) && !replaced)) continue;
    const auto before = missing_since_.find(member.id);
    const Time since = before == missing_since_.end() ? now : before->second;
    missing[member.id] = since;
    if (now - since >= grace_) out.push_back({member, uids.contains(member.uid)});
  }
  missing_since_ = std::move(missing);
  return out;
}

}  // namespace overlay::kube
