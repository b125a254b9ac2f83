// SPDX-License-Identifier: Apache-2.0
// An upgrade that was not finished.
#include <set>

#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_versions(const Evidence& evidence) {
  if (!evidence.daemon) return {ok("not asked, for no overlayd answers")};
  std::set<std::string> versions;
  for (const auto& peer : evidence.daemon->peers.peers()) {
    if (!peer.version().empty()) versions.insert(peer.version());
  }
  if (versions.size() <= 1) return {ok("all hosts run the same")};
  std::string list;
  for (const auto& version : versions) list += (list.empty() ? "" : ", ") + version;
  return {warn("the hosts run different versions: " + list,
               "finish the upgrade; overlayctl peers shows who runs which")};
}

}  // namespace overlay::doctor
