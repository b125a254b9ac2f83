// SPDX-License-Identifier: Apache-2.0
// Firewalls that may drop what other hosts send.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_input_policy(const Evidence& evidence) {
  const bool v4 = !evidence.underlay || evidence.underlay->address.is_v4();
  Findings out;
  for (const plan::ForeignChain& chain : evidence.chains) {
    if (chain.hook != plan::ForeignChain::Hook::input || !plan::stands_in_the_way(chain, v4, !v4)) continue;
    out.push_back(warn("the chain " + chain.table + " " + chain.name + " drops what it does not name",
                       "see that it accepts TCP 6783 and the VXLAN port, UDP 4789, from the other hosts, and "
                       "what comes by overlay0"));
  }
  return or_ok(std::move(out), "no firewall here drops what hosts send each other");
}

}  // namespace overlay::doctor
