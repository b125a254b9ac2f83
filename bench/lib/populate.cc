// SPDX-License-Identifier: Apache-2.0
// Writes peers (peers.h) into the state of a stopped overlayd that founded its cluster.
//
//   populate STATE_DIR PEERS
#include <cstdio>
#include <cstdlib>

#include "bench/lib/peers.h"
#include "overlay/store/identity.h"
#include "overlay/store/store.h"

namespace overlay::bench {
namespace {

int populate(const char* path, std::uint32_t peers) {
  const auto directory = must(store::StateDir::open(path));
  const KeyPair voter = must(store::load_or_create_identity(directory)).key;
  store::Recovered recovered;
  store::Store log = must(store::Store::open(directory, recovered));
  const Cluster cluster = read_cluster(recovered.entries);
  std::vector<Bytes> entries;
  for (std::uint32_t number = 1; number <= peers; ++number) {
    for (Bytes& entry : entries_of(number, voter, cluster)) entries.push_back(std::move(entry));
  }
  if (const Status done = log.append(entries); !done) give_up(done.error().text);
  log.sync();
  return 0;
}

}  // namespace
}  // namespace overlay::bench

int main(int argc, char** argv) {
  const int peers = argc == 3 ? std::atoi(argv[2]) : 0;
  if (peers < 1 || peers > 60'000) {
    std::fputs("populate STATE_DIR PEERS\n", stderr);
    return 2;
  }
  return overlay::bench::populate(argv[1], static_cast<std::uint32_t>(peers));
}
