// SPDX-License-Identifier: Apache-2.0
#include "bench/lib/peers.h"

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "overlay/ipam/seats.h"

namespace overlay::bench {

void give_up(const std::string& why) {
  std::fprintf(stderr, "bench: %s\n", why.c_str());
  std::exit(1);
}

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

namespace {

/// Counted from the upper end of the pool, where nothing has been granted yet.
Prefix block_of(std::uint32_t number, const Cluster& cluster) {
  const Prefix pool = cluster.genesis.pools.front();
  const int length = cluster.genesis.block_length(pool.family());
  return pool.nth(length, pool.count_of(length) - number);
}

wire::Record node_record(const KeyPair& key, std::uint32_t number, const Cluster& cluster) {
  wire::NodeInfo info;
  info.name = "peer" + std::to_string(number);
  info.version = "bench";
  info.underlay = {Ip::parse("198.18.0.0").value().plus(number)};
  info.vtep_mac = vtep_mac(key.node_id());
  info.hosts = {block_of(number, cluster).address()};
  info.features = consensus::newest_feature_level;
  return wire::seal(info, {1, 1}, key, cluster.id);
}

wire::Record block_record(const KeyPair& owner, const KeyPair& voter, std::uint32_t number,
                          const Cluster& cluster) {
  const Prefix pool = cluster.genesis.pools.front();
  const int length = cluster.genesis.block_length(pool.family());
  ipam::BlockRecord block;
  block.prefix = block_of(number, cluster);
  block.epoch = {cluster.term, 1'000'000 + number};
  block.seat = ipam::seat_of({pool, length, cluster.genesis.seats}, block.prefix);
  block.owner = owner.node_id();
  block.request = hash_id<RequestId>("request " + std::to_string(number));
  return wire::seal(block, {}, voter, cluster.id);
}

}  // namespace

std::vector<Bytes> entries_of(std::uint32_t number, const KeyPair& voter, const Cluster& cluster) {
  const KeyPair key = key_of(number);
  return {encode_entry(wire::PeerIndexEntry{key.node_id(), number}),
          encode_entry(wire::RecordEntry{node_record(key, number, cluster).envelope}),
          encode_entry(wire::RecordEntry{block_record(key, voter, number, cluster).envelope})};
}

}  // namespace overlay::bench
