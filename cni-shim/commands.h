// SPDX-License-Identifier: Apache-2.0
// The operations of the specification, each from checked input to what goes to stdout.
#pragma once

#include <string>

#include "cni-shim/cni_error.h"
#include "cni-shim/environment.h"
#include "cni-shim/netconf.h"
#include "cni-shim/result.h"

namespace overlay::cni {

/// How long an ADD lives, held up or not: then it is killed, so that overlayd's reaper, which waits longer,
/// never frees what one is still setting up.
inline constexpr unsigned int add_seconds_max = 60;

/// Fails with nothing left behind: no interface, no lease.
[[nodiscard]] Outcome<Attached> add(const Environment& environment, const NetConf& conf);
/// Fine when there is nothing to remove, no namespace, no overlayd.
[[nodiscard]] Outcome<void> del(const Environment& environment, const NetConf& conf);
/// Code::differs with everything that is missing, Code::unknown_container when all of it is.
[[nodiscard]] Outcome<void> check(const Environment& environment, const NetConf& conf);
/// Removes the interfaces and leases of this network that the runtime does not name, interfaces first: while
/// one is there its address must not be leased again.
[[nodiscard]] Outcome<void> gc(const NetConf& conf);
/// Code::not_available with what overlayd waits for; Code::impaired when the bridge is gone or the kernel
/// cannot be programmed, which running containers feel too.
[[nodiscard]] Outcome<void> status(const NetConf& conf);

/// Runs the command of `variables` on `input` (stdin's content); the text for stdout, empty where the
/// specification wants none.
[[nodiscard]] Outcome<std::string> run(const Environment& environment, const std::string& input);

}  // namespace overlay::cni
