// SPDX-License-Identifier: Apache-2.0
// Hosts that hold another secret, or none.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_secrets(const Evidence& evidence) {
  if (!evidence.daemon) return {ok("not asked, for no overlayd answers")};
  Findings out;
  for (const auto& link : evidence.daemon->links.links()) {
    if (link.error().find("--secret-file") == std::string::npos) continue;
    out.push_back(
        fail("the session with " + link.address() + " fails: " + link.error(),
             "copy the secret of a host of the cluster there, and name the copy with --secret-file"));
  }
  if (!out.empty() || evidence.daemon->status.cluster().authenticated())
    return or_ok(std::move(out), "sessions prove the cluster's secret");
  return {warn("--insecure: whoever reaches the mesh port may join",
               "make a secret with overlayctl token, and give it to every host by --secret-file")};
}

}  // namespace overlay::doctor
