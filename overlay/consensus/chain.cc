// SPDX-License-Identifier: Apache-2.0
#include "overlay/consensus/chain.h"

#include "overlay/addr/mac.h"

namespace overlay::consensus {

Chain::Chain(Genesis genesis, const ClusterId& id) : genesis_(std::move(genesis)), id_(id) {}

std::uint32_t Chain::vni() const { return genesis_.vni != 0 ? genesis_.vni : vni_of(id_); }

std::optional<PublicKey> Chain::holder(std::uint32_t seat) const {
  if (seat >= genesis_.seats) return std::nullopt;
  return genesis_.voters[seat % genesis_.voters.size()];
}

std::vector<std::uint32_t> Chain::seats_of(const PublicKey& voter) const {
  std::vector<std::uint32_t> out;
  for (std::uint32_t seat = 0; seat < genesis_.seats; ++seat) {
    if (holder(seat) == voter) out.push_back(seat);
  }
  return out;
}

}  // namespace overlay::consensus
