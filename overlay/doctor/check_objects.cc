// SPDX-License-Identifier: Apache-2.0
// Kernel objects that are not as they should be.
#include "overlay/doctor/checks.h"

namespace overlay::doctor {

namespace {

constexpr std::size_t objects_shown_max = 3;  // the rest is left to `overlayctl routes --diff`

}  // namespace

Findings check_objects(const Evidence& evidence) {
  if (!evidence.daemon) return {ok("not asked, for no overlayd answers")};
  Findings out;
  for (const auto& object : evidence.daemon->routes.objects()) {
    if (object.state() == "ok" || out.size() == objects_shown_max) continue;
    out.push_back(
        fail(object.kind() + " " + object.key() + ": " + object.state(),
             "overlayd puts it right; if it comes back, another program changes it: overlayctl events"));
  }
  return or_ok(std::move(out),
               std::to_string(evidence.daemon->routes.objects_size()) + " kernel objects are as desired");
}

}  // namespace overlay::doctor
