// SPDX-License-Identifier: Apache-2.0
// Firewalls that drop pods' packets: an accept in a table of ours cannot overrule them.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_forward_policy(const Evidence& evidence) {
  Findings out;
  for (const Chain& chain : evidence.chains) {
    if (chain.hook != Chain::Hook::forward || !chain.drops || chain.names_us) continue;
    out.push_back(
        fail("the chain " + chain.name + " drops what is forwarded, and lets nothing of overlay0 through",
             "accept there what comes in by overlay0 and what goes out by it"));
  }
  return or_ok(std::move(out), "no firewall here drops what pods send");
}

}  // namespace overlay::doctor
