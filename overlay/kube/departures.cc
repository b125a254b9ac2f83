// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/departures.h"

namespace overlay::kube {

std::vector<Member> Departures::look(const std::vector<Member>& members, const std::set<std::string>& uids,
                                     const std::string& own_uid, Time now) {
  if (!uids.contains(own_uid)) return {};
  std::vector<Member> out;
  std::map<std::string, Time> missing;
  for (const Member& member : members) {
    if (member.uid.empty() || uids.contains(member.uid)) continue;
    const auto before = missing_since_.find(member.uid);
    const Time since = before == missing_since_.end() ? now : before->second;
    missing[member.uid] = since;
    if (now - since >= grace_) out.push_back(member);
  }
  missing_since_ = std::move(missing);
  return out;
}

}  // namespace overlay::kube
