// SPDX-License-Identifier: Apache-2.0
// Hosts that cannot be told apart.
#include <map>

#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_clones(const Evidence& evidence) {
  if (!evidence.daemon) return {ok("not asked, for no overlayd answers")};
  std::map<std::string, int> names;
  std::map<std::string, std::string> holders;
  Findings out;
  for (const auto& peer : evidence.daemon->peers.peers()) {
    if (++names[peer.name()] == 2)
      out.push_back(fail("two hosts are called " + peer.name(), "give each a --name of its own"));
    for (const auto& address : peer.underlay_addresses()) {
      const auto [holder, added] = holders.try_emplace(address, peer.name());
      if (added) continue;
      out.push_back(fail(holder->second + " and " + peer.name() + " have one underlay address, " + address,
                         "forget the one that is gone, or give each an --underlay-address of its own"));
    }
  }
  return or_ok(std::move(out), "every host has a name and an address of its own");
}

}  // namespace overlay::doctor
