// SPDX-License-Identifier: Apache-2.0
// Who is unreachable.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

namespace {

constexpr std::size_t peers_shown_max = 5;  // the rest is left to `overlayctl peers`

}  // namespace

Findings check_peers(const Evidence& evidence) {
  if (!evidence.daemon) return {ok("not asked, for no overlayd answers")};
  Findings out;
  for (const auto& peer : evidence.daemon->peers.peers()) {
    if (peer.self() || peer.state() != "unreachable" || out.size() == peers_shown_max) continue;
    out.push_back(
        fail(peer.name() + " is unreachable: " + peer.path().reason(),
             "start overlayd there and let TCP 6783 through; if it is gone for good: overlayctl forget " +
                 peer.name()));
  }
  const auto& counts = evidence.daemon->status.peers();
  return or_ok(std::move(out), std::to_string(counts.reachable()) + " of " + std::to_string(counts.known()) +
                                   " are reachable");
}

}  // namespace overlay::doctor
