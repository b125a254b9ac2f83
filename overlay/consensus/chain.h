// SPDX-License-Identifier: Apache-2.0
// The chain of decrees of one cluster, of which genesis is the first: who votes, and who holds which seat.
#pragma once

#include <optional>
#include <vector>

#include "overlay/base/crypto.h"
#include "overlay/consensus/genesis.h"

namespace overlay::consensus {

class Chain {
 public:
  /// `id` is the hash of the genesis as it was first encoded; `genesis` is valid.
  Chain(Genesis genesis, const ClusterId& id);

  const ClusterId& cluster() const { return id_; }
  const Genesis& genesis() const { return genesis_; }
  /// The VNI in force: given at genesis, or derived from the cluster id.
  std::uint32_t vni() const;
  /// Index of the newest decree: the term of ownership changes made now.
  std::uint64_t term() const { return 0; }
  /// In the order of their keys.
  const std::vector<PublicKey>& voters() const { return genesis_.voters; }
  /// Who may sign changes in this seat's space; nothing for a seat there is not.
  std::optional<PublicKey> holder(std::uint32_t seat) const;
  /// The seats this voter holds, ascending; none for a node that is no voter.
  std::vector<std::uint32_t> seats_of(const PublicKey& voter) const;

 private:
  Genesis genesis_;
  ClusterId id_;
};

}  // namespace overlay::consensus
