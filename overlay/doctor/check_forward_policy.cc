// SPDX-License-Identifier: Apache-2.0
// Firewalls that drop pods' packets: an accept in a table of ours cannot overrule them.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_forward_policy(const Evidence& evidence) {
  Findings out;
  for (const plan::ForeignChain& chain : evidence.chains) {
    if (chain.hook != plan::ForeignChain::Hook::forward) continue;
    if (!plan::stands_in_the_way(chain, has_pool(evidence, Family::v4), has_pool(evidence, Family::v6)))
      continue;
    out.push_back(fail(
        "the chain " + chain.table + " " + chain.name +
            " drops what is forwarded, and lets nothing of overlay0 through",
        "accept there what comes in by overlay0 and what goes out by it, or give overlayd --open-forward"));
  }
  return or_ok(std::move(out), "no firewall here drops what pods send");
}

}  // namespace overlay::doctor
