// SPDX-License-Identifier: Apache-2.0
// Who should vote: an odd number of long-lived nodes, spread over the zones. Pure arithmetic; who proposes
// the change, and when, is not its business.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/base/time.h"
#include "overlay/consensus/decree.h"

namespace overlay::consensus {

/// A member of the cluster as one voter sees it.
struct Member {
  PublicKey key;
  std::string zone;
  bool reachable = false;
  Duration since{};      // how long it has been so
  bool lapsed = false;   // it cannot vote, whoever reaches it
  bool leaving = false;  // it was told to leave
};

/// A node becomes a voter when it was reachable for this long, and is replaced when it was not.
inline constexpr Duration voter_patience = std::chrono::minutes(10);

/// One step to better voters: a lost one replaced in its position, else two more where there are members
/// enough (3 voters from 3 members on, 5 above 50). Nothing when there is no better set.
std::optional<std::vector<PublicKey>> improved(const std::vector<PublicKey>& voters,
                                               const std::vector<Member>& members);

/// The voters without those that are removed: each replaced in its position by whoever is reachable; where
/// nobody is, fewer, and an odd number, for an even one survives no more losses than one fewer does.
std::vector<PublicKey> without(const std::vector<PublicKey>& voters, const std::set<NodeId>& removed,
                               const std::vector<Member>& members);

/// The voters without those that leave, as without(); nothing when none of them does, or nobody else can be
/// one.
std::optional<std::vector<PublicKey>> without_leaving(const std::vector<PublicKey>& voters,
                                                      const std::vector<Member>& members);

/// The first voters of a recovered cluster: `self` and whoever it reaches.
std::vector<PublicKey> recovered(const PublicKey& self, const std::vector<Member>& members);

}  // namespace overlay::consensus
