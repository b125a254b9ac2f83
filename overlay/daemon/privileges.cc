// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/privileges.h"

#include <cap-ng.h>
#include <sys/prctl.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace overlay::daemon {
namespace {

constexpr std::array needed = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, CAP_CHOWN};

bool has(int capability) {
  return capng_have_capability(CAPNG_EFFECTIVE, static_cast<unsigned>(capability)) != 0;
}

Status set_process(int option, unsigned long value, const std::string& what) {
  if (::prctl(option, value, 0UL, 0UL, 0UL) == 0) return {};
  return fail(Errc::io, what + ": " + std::strerror(errno));
}

}  // namespace

bool may_administer_network() { return capng_get_caps_process() == 0 && has(CAP_NET_ADMIN); }

Status give_up_privileges() {
  if (capng_get_caps_process() != 0) return fail(Errc::io, "this process's capabilities cannot be read");
  std::array<bool, needed.size()> held{};
  for (std::size_t i = 0; i < needed.size(); ++i) held[i] = has(needed[i]);
  capng_clear(CAPNG_SELECT_CAPS);
  constexpr auto usable = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (held[i]) capng_update(CAPNG_ADD, usable, static_cast<unsigned>(needed[i]));
  }
  if (capng_apply(CAPNG_SELECT_CAPS) != 0) return fail(Errc::io, "capabilities cannot be given up");
  return set_process(PR_SET_NO_NEW_PRIVS, 1, "new privileges cannot be renounced");
}

Status leave_no_core_dump() { return set_process(PR_SET_DUMPABLE, 0, "core dumps cannot be switched off"); }

}  // namespace overlay::daemon
