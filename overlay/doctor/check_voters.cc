// SPDX-License-Identifier: Apache-2.0
// New address blocks need a majority of the voters.
#include <algorithm>

#include "overlay/doctor/checks.h"

namespace overlay::doctor {

namespace {

bool is_reachable(const Answers& daemon, const std::string& name) {
  return std::ranges::any_of(daemon.peers.peers(), [&](const v1::Peer& peer) {
    return peer.name() == name && (peer.self() || peer.state() == "reachable");
  });
}

}  // namespace

Findings check_voters(const Evidence& evidence) {
  if (!evidence.daemon) return {ok("not asked, for no overlayd answers")};
  const auto& voters = evidence.daemon->status.cluster().voters();
  std::string away;
  int reachable = 0;
  for (const auto& voter : voters) {
    if (is_reachable(*evidence.daemon, voter)) {
      ++reachable;
    } else {
      away += (away.empty() ? "" : ", ") + voter;
    }
  }
  const std::string count =
      std::to_string(reachable) + " of " + std::to_string(voters.size()) + " voters are reachable";
  if (voters.empty()) return {ok("no cluster to vote in yet")};
  if (2 * reachable > voters.size()) return {ok(count)};
  return {fail(count + ", without " + away + ": nobody gets a new address block",
               "start overlayd there; only when they are lost for good: overlayctl recover")};
}

}  // namespace overlay::doctor
