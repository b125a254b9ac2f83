// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/traffic.h"

#include "overlay/kernel/nft.h"

namespace overlay::kernel {

Result<std::vector<Ip>> destinations(Socket& socket) {
  OVERLAY_TRY(std::vector<Ip> out, set_elements(socket, "traffic4"));
  OVERLAY_TRY(const std::vector<Ip> more, set_elements(socket, "traffic6"));
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

}  // namespace overlay::kernel
