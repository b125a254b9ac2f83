// SPDX-License-Identifier: Apache-2.0
// Writes peers into the state of a stopped overlayd that founded its cluster: a node record and a block for
// each, as if they had joined and gone. They have no mesh endpoint, so nobody dials them.
//
//   populate STATE_DIR PEERS
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "overlay/base/crypto.h"
#include "overlay/consensus/decree.h"
#include "overlay/ipam/seats.h"
#include "overlay/store/identity.h"
#include "overlay/store/store.h"
#include "overlay/wire/log_entry.h"

namespace overlay::bench {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "populate: %s\n", why.c_str());
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().text);
  return *std::move(result);
}

/// What the log says of the cluster.
struct Cluster {
  ClusterId id;
  consensus::Genesis genesis;
  std::uint64_t term = 0;
};

Cluster read_cluster(const std::vector<Bytes>& entries) {
  std::optional<Cluster> out;
  for (const Bytes& bytes : entries) {
    const auto entry = must(wire::decode_entry(bytes));
    const auto* kept = std::get_if<wire::RecordEntry>(&entry);
    if (!kept) continue;
    const wire::Record record = must(wire::read(kept->envelope));
    if (const auto* genesis = std::get_if<consensus::Genesis>(&record.body)) {
      out = Cluster{wire::cluster_of(record), *genesis, 0};
    } else if (const auto* block = std::get_if<ipam::BlockRecord>(&record.body); block && out) {
      out->term = std::max(out->term, block->epoch.term);
    }
  }
  if (!out) give_up("the state is of no cluster");
  return *out;
}

KeyPair key_of(std::uint32_t number) {
  SecretSeed seed;
  seed.bytes = sha256("peer " + std::to_string(number)).bytes;
  return KeyPair::from_seed(seed);
}

wire::Record node_record(const KeyPair& key, std::uint32_t number, const Cluster& cluster) {
  wire::NodeInfo info;
  info.name = "peer" + std::to_string(number);
  info.version = "bench";
  info.underlay = {Ip::parse("198.18.0.0").value().plus(number)};
  info.vtep_mac = vtep_mac(key.node_id());
  info.features = consensus::newest_feature_level;
  return wire::seal(info, {1, 1}, key, cluster.id);
}

/// Counted from the upper end of the pool, where nothing has been granted yet.
wire::Record block_record(const KeyPair& owner, const KeyPair& voter, std::uint32_t number,
                          const Cluster& cluster) {
  const Prefix pool = cluster.genesis.pools.front();
  const int length = cluster.genesis.block_length(pool.family());
  ipam::BlockRecord block;
  block.prefix = pool.nth(length, pool.count_of(length) - number);
  block.epoch = {cluster.term, 1'000'000 + number};
  block.seat = ipam::seat_of({pool, length, cluster.genesis.seats}, block.prefix);
  block.owner = owner.node_id();
  block.request = hash_id<RequestId>("request " + std::to_string(number));
  return wire::seal(block, {}, voter, cluster.id);
}

int populate(const char* path, std::uint32_t peers) {
  const auto directory = must(store::StateDir::open(path));
  const KeyPair voter = must(store::load_or_create_identity(directory)).key;
  store::Recovered recovered;
  store::Store log = must(store::Store::open(directory, recovered));
  const Cluster cluster = read_cluster(recovered.entries);
  std::vector<Bytes> entries;
  for (std::uint32_t number = 1; number <= peers; ++number) {
    const KeyPair key = key_of(number);
    entries.push_back(encode_entry(wire::PeerIndexEntry{key.node_id(), number}));
    entries.push_back(encode_entry(wire::RecordEntry{node_record(key, number, cluster).envelope}));
    entries.push_back(encode_entry(wire::RecordEntry{block_record(key, voter, number, cluster).envelope}));
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
