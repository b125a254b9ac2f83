// SPDX-License-Identifier: Apache-2.0
// What one node's memory holds for each peer it knows: a real node joins a cluster, is given the records of
// many peers on one session, as a neighbour would give them, and its heap is counted before and after.
//
//   peer_memory PEERS
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "overlay/ipam/seats.h"
#include "overlay/mesh/handshake.h"
#include "overlay/node/node.h"

namespace overlay::bench {
namespace {

constexpr std::uint32_t links_each = 12;  // as most nodes of a large cluster have
constexpr std::size_t records_per_frame = 32;
constexpr Duration between_frames = std::chrono::milliseconds(5);

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "peer_memory: %s\n", why.c_str());
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().text);
  return *std::move(result);
}

std::size_t heap() {
  const auto used = ::mallinfo2();
  return used.uordblks + used.hblkhd;
}

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

KeyPair key_of(std::uint32_t number) {
  SecretSeed seed;
  seed.bytes = sha256("peer " + std::to_string(number)).bytes;
  return KeyPair::from_seed(seed);
}

/// The cluster as it would be without the node: number 0 is its only voter, and the neighbour that tells.
struct Cluster {
  explicit Cluster(std::uint32_t peers) {
    for (std::uint32_t i = 0; i < peers; ++i) keys.push_back(key_of(i));
    consensus::Genesis genesis;
    genesis.pools = {must(Prefix::parse("10.0.0.0/8"))};
    genesis.voters = {keys[0].public_key};
    founded = wire::seal(genesis, {}, keys[0], {});
    id = wire::cluster_of(founded);
    space = {genesis.pools[0], genesis.block_length_v4, genesis.seats};
  }

  Bytes node_record(std::uint32_t number) const {
    wire::NodeInfo info;
    info.name = "rack" + std::to_string(number / 40) + "-host" + std::to_string(number);
    info.zone = "zone-" + std::to_string(number % 3);
    info.version = "0.1.0";
    info.underlay = {Ip::v4(0xc6120000U).plus(number)};  // 198.18.0.0
    info.endpoints = {{info.underlay.front(), 6783}};
    info.vtep_mac = vtep_mac(keys[number].node_id());
    info.features = consensus::newest_feature_level;
    info.hosts = {block(number).address()};
    return wire::seal(info, {1, 1}, keys[number], id).envelope;
  }
  /// With those that are nearest by number on both sides; number 0 also with the node.
  Bytes links_record(std::uint32_t number, const NodeId& node) const {
    wire::LinkSet links;
    const auto peers = static_cast<std::uint32_t>(keys.size());
    for (std::uint32_t i = 1; i <= links_each / 2; ++i) {
      links.peers.push_back(wire::handle_of(keys[(number + i) % peers].node_id()));
      links.peers.push_back(wire::handle_of(keys[(number + peers - i) % peers].node_id()));
    }
    if (number == 0) links.peers.push_back(wire::handle_of(node));
    std::sort(links.peers.begin(), links.peers.end());
    return wire::seal(links, {1, 1}, keys[number], id).envelope;
  }
  Bytes block_record(std::uint32_t number) const {
    ipam::BlockRecord out;
    out.prefix = block(number);
    out.epoch = {0, number + std::uint64_t{1}};
    out.seat = ipam::seat_of(space, out.prefix);
    out.owner = keys[number].node_id();
    out.request = hash_id<RequestId>("request " + std::to_string(number));
    return wire::seal(out, {}, keys[0], id).envelope;
  }
  Prefix block(std::uint32_t number) const { return space.pool.nth(space.block_length, number); }

  std::vector<KeyPair> keys;
  wire::Record founded;
  ClusterId id;
  ipam::Space space;
};

/// The node, its only session, and the time.
class Listener {
 public:
  explicit Listener(const Cluster& cluster)
      : identity_(KeyPair::from_seed(SecretSeed{{1}})), now_(std::chrono::hours(1)) {
    node::Config config;
    config.name = "listener";
    config.version = "0.1.0";
    config.listen_ports = {6783};
    config.join = {{"198.18.0.0", 6783}};
    node_ = must(node::Node::start(std::move(config), identity_, {}, Rng(1), now_));
    node_->underlay_changed({Ip::v4(0xc0000201U), 1500}, now_);  // 192.0.2.1
    session_ = node_->accepted({Ip::v4(0xc6120000U), 40000}, {}, now_);
    shake_hands(cluster);
    say(wire::Records{{cluster.founded.envelope}});
  }

  void say(const wire::Message& message) {
    now_ += between_frames;
    if (node_->next_deadline() <= now_) node_->tick(now_);
    node_->received(session_, wire::encode(message), now_);
    for (const node::Effect& effect : node_->take_output().effects) {
      const auto* sent = std::get_if<node::Send>(&effect);
      if (sent != nullptr) node_->written(sent->session, sent->frame.size(), now_);
      if (const auto* closed = std::get_if<node::Close>(&effect))
        give_up("a session ended: " + closed->reason);
    }
  }
  const node::Node& node() const { return *node_; }
  NodeId id() const { return identity_.node_id(); }

 private:
  void shake_hands(const Cluster& cluster) {
    mesh::Self self;
    self.identity = cluster.keys[0];
    self.id = self.identity.node_id();
    self.name = "neighbour";
    self.incarnation = 1;
    self.cluster = cluster.id;
    self.pools = {cluster.space.pool};
    const Bytes mine = wire::encode(mesh::make_hello(self, hash_id<Nonce>("nonce")));
    Bytes theirs;
    for (const node::Effect& effect : node_->take_output().effects) {
      const auto* sent = std::get_if<node::Send>(&effect);
      if (sent != nullptr && sent->session == session_) theirs = sent->frame;
    }
    node_->received(session_, mine, now_);
    node_->received(session_, wire::encode(mesh::make_proof(self.identity, true, {mine, theirs, {}})), now_);
  }

  KeyPair identity_;
  Time now_;
  std::unique_ptr<node::Node> node_;
  mesh::SessionId session_ = 0;
};

struct Cost {
  double bytes_each;
  double microseconds_each;
};

/// Records that are made beforehand and gone afterwards, so that what remains is the node's.
Cost tell(Listener& listener, std::vector<Bytes> records) {
  const auto count = static_cast<double>(records.size());
  std::vector<wire::Records> frames;
  for (Bytes& record : records) {
    if (frames.empty() || frames.back().envelopes.size() == records_per_frame) frames.push_back({{}, true});
    frames.back().envelopes.push_back(std::move(record));
  }
  const std::size_t before = heap();
  const double begun = processor_seconds();
  for (const wire::Records& frame : frames) listener.say(frame);
  return {static_cast<double>(heap() - before) / count, (processor_seconds() - begun) * 1e6 / count};
}

int run(std::uint32_t peers) {
  const Cluster cluster(peers);
  Listener listener(cluster);
  const auto all = [&](auto make) {
    std::vector<Bytes> out;
    for (std::uint32_t i = 0; i < peers; ++i) out.push_back(make(i));
    return out;
  };
  const Cost nodes = tell(listener, all([&](std::uint32_t i) { return cluster.node_record(i); }));
  const Cost blocks = tell(listener, all([&](std::uint32_t i) { return cluster.block_record(i); }));
  const Cost links =
      tell(listener, all([&](std::uint32_t i) { return cluster.links_record(i, listener.id()); }));
  const node::Pulse pulse = listener.node().pulse();
  if (pulse.members != peers + 1 || pulse.blocks != peers || pulse.reachable != peers) {
    give_up("the node knows " + std::to_string(pulse.members) + " nodes, reaches " +
            std::to_string(pulse.reachable) + " and holds " + std::to_string(pulse.blocks) + " blocks");
  }
  std::printf("| of each of %u peers | bytes of heap | processor, µs |\n|---|---|---|\n", peers);
  const auto row = [](const char* what, const Cost& cost) {
    std::printf("| %s | %.0f | %.1f |\n", what, cost.bytes_each, cost.microseconds_each);
  };
  row("its node record", nodes);
  row("the record of its block", blocks);
  row("its links record", links);
  row("all", {nodes.bytes_each + blocks.bytes_each + links.bytes_each,
              nodes.microseconds_each + blocks.microseconds_each + links.microseconds_each});
  return 0;
}

}  // namespace
}  // namespace overlay::bench

int main(int argc, char** argv) {
  const int peers = argc == 2 ? std::atoi(argv[1]) : 0;
  if (peers < 20 || peers > 60'000) {
    std::fputs("peer_memory PEERS (20 to 60000)\n", stderr);
    return 2;
  }
  return overlay::bench::run(static_cast<std::uint32_t>(peers));
}
