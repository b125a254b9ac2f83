// SPDX-License-Identifier: Apache-2.0
// Addresses and MAC that an ADD asks for by name. Runtimes have three ways to say it (CONVENTIONS.md of the
// specification); of each thing the first that says it counts:
//   runtimeConfig: {"ips": ["10.32.1.9/24"], "mac": "02:…"}     capabilities: podman, CRI-O, multus
//   args: {"cni": {"ips": ["10.32.1.9"], "mac": "02:…"}}
//   CNI_ARGS="IP=10.32.1.9;MAC=02:…"                            podman with one address
#pragma once

#include "cni-shim/attachment.h"
#include "cni-shim/cni_error.h"
#include "cni-shim/environment.h"
#include "cni-shim/netconf.h"

namespace overlay::cni {

/// Code::bad_config or bad_environment with what is no address. A length behind an address is skipped: pods
/// have /32 and /128.
[[nodiscard]] Outcome<Wishes> wishes_of(const Environment& environment, const NetConf& conf);

}  // namespace overlay::cni
