// SPDX-License-Identifier: Apache-2.0
// Where the API server is and what opens it: in a pod, what the kubelet puts there.
#pragma once

#include <filesystem>
#include <string>

#include "overlay/addr/endpoint.h"
#include "overlay/base/result.h"

namespace overlay::kube {

struct Access {
  HostPort server;
  /// A directory like that of a service account: `token`, `ca.crt`, and `namespace`.
  std::filesystem::path account;
};

struct Credentials {
  std::string token;
  std::string ca;  // PEM
};

/// Read anew for each connection, since the kubelet replaces tokens within the hour, and a cluster its CA
/// now and then.
[[nodiscard]] Result<Credentials> read_credentials(const Access& access);

/// Where our objects are: the account's namespace; overlay-system where it names none.
std::string name_space(const Access& access);

}  // namespace overlay::kube
