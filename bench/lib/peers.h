// SPDX-License-Identifier: Apache-2.0
// Peers that exist in records alone: a node record and a block for each, as if they had joined and gone. They
// have no mesh endpoint, so nobody dials them.
#pragma once

#include "overlay/base/crypto.h"
#include "overlay/consensus/decree.h"
#include "overlay/wire/log_entry.h"

namespace overlay::bench {

[[noreturn]] void give_up(const std::string& why);

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().text);
  return *std::move(result);
}

/// What a log says of its cluster.
struct Cluster {
  ClusterId id;
  consensus::Genesis genesis;
  std::uint64_t term = 0;
};
Cluster read_cluster(const std::vector<Bytes>& entries);

KeyPair key_of(std::uint32_t number);
/// The entries of the log that make peer `number` known; `voter` signs for its block.
std::vector<Bytes> entries_of(std::uint32_t number, const KeyPair& voter, const Cluster& cluster);

}  // namespace overlay::bench
