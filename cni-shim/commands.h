// SPDX-License-Identifier: Apache-2.0
// The operations of the specification, each from checked input to what goes to stdout.
#pragma once

#include <string>

#include "cni-shim/cni_error.h"
#include "cni-shim/environment.h"
#include "cni-shim/netconf.h"
#include "cni-shim/result.h"

namespace overlay::cni {

/// Fails with nothing left behind: no interface, no lease.
[[nodiscard]] Outcome<Attached> add(const Environment& environment, const NetConf& conf);
/// Fine when there is nothing to remove, no namespace, no overlayd.
[[nodiscard]] Outcome<void> del(const Environment& environment, const NetConf& conf);
/// Code::differs with everything that is missing.
[[nodiscard]] Outcome<void> check(const Environment& environment, const NetConf& conf);
/// Code::not_available with what overlayd waits for.
[[nodiscard]] Outcome<void> status(const NetConf& conf);

/// Runs the command of `variables` on `input` (stdin's content); the text for stdout, empty where the
/// specification wants none.
[[nodiscard]] Outcome<std::string> run(const Environment& environment, const std::string& input);

}  // namespace overlay::cni
