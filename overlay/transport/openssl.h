// SPDX-License-Identifier: Apache-2.0
// What the files that speak to OpenSSL share.
#pragma once

#include <stdexcept>
#include <string>

namespace overlay::transport {

/// For what OpenSSL fails at only when it is broken or out of memory.
inline void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("OpenSSL cannot ") + what);
}

}  // namespace overlay::transport
