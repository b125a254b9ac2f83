// SPDX-License-Identifier: Apache-2.0
// Whether this kernel can do what the overlay needs: shown by doing it.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

Findings check_kernel(const Evidence& evidence) {
  if (!evidence.root) return {warn("not tried, for that takes root", "run it as root")};
  if (evidence.kernel_lacks.empty())
    return {ok("does all the overlay needs, as a trial in a namespace of its own shows")};
  return {fail("a trial in a namespace of its own failed: " + evidence.kernel_lacks,
               "use Linux 5.4 or newer with vxlan, bridge and nf_tables; in a container give CAP_NET_ADMIN")};
}

}  // namespace overlay::doctor
