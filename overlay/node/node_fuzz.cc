// SPDX-License-Identifier: Apache-2.0
// A live node with a hostile member: bytes become a sequence of what such a member can do. Whatever it does
// costs it its session at most: the node keeps its cluster, its block and its lease.
//
// Input: steps of one operation byte, one length byte and so many bytes of payload.
#include <cstdlib>

#include "overlay/mesh/handshake.h"
#include "overlay/node/node.h"
#include "overlay/v1/mesh.pb.h"
#include "overlay/wire/message.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

const KeyPair victim_key = KeyPair::from_seed(SecretSeed{{1}});
const KeyPair hostile_key = KeyPair::from_seed(SecretSeed{{2}});
const ipam::LeaseKey pod{"overlay", "c1", "eth0"};

void require(bool ok) {
  if (!ok) std::abort();
}

class Attack {
 public:
  Attack() {
    Config config;
    config.name = "victim";
    config.bootstrap = true;
    config.genesis.pools = {Prefix::parse("10.32.0.0/12").value()};
    config.listen_ports = {6783};
    node_ = std::move(Node::start(config, victim_key, {}, Rng(1), now_)).value();
    node_->underlay_changed({Ip::parse("192.0.2.1").value(), 1500}, now_);
    node_->kernel_reconciled({}, now_);
    node_->lease(1, pod, {}, now_);
    cluster_ = node_->view(now_).cluster.value();
    block_ = node_->view(now_).blocks.at(0).record;
    drain();
    join();
  }

  void step(std::uint8_t operation, std::string_view payload) {
    switch (operation % 6) {
      case 0:
        node_->received(member_, payload, now_);
        break;
      case 1:
        node_->received(stranger_, payload, now_);
        break;
      case 2:
        send_record(payload);
        break;
      case 3:
        now_ += Duration(std::chrono::milliseconds(payload.empty() ? 1 : payload[0])), node_->tick(now_);
        break;
      case 4:
        stranger_ = node_->accepted({Ip::v4(9), 9}, {}, now_);
        break;
      case 5:
        join();
        break;
    }
    drain();
  }

  void check() {
    const View view = node_->view(now_);
    require(view.cluster == cluster_ && view.leases.size() == 1);
    bool still_owned = false;
    for (const BlockView& block : view.blocks) still_owned = still_owned || block.record == block_;
    require(still_owned);
    require(node_->intent().has_value());
  }

 private:
  /// The hostile member shakes hands as it should.
  void join() {
    member_ = node_->accepted({Ip::v4(8), 8}, {}, now_);
    drain();
    wire::Hello hello;
    hello.public_key = hostile_key.public_key;
    hello.cluster = cluster_;
    hello.nonce = Nonce{{static_cast<std::uint8_t>(member_)}};
    hello.name = "hostile";
    const Bytes mine = wire::encode(hello);
    const Bytes theirs = last_frame_;
    node_->received(member_, mine, now_);
    node_->received(member_, wire::encode(mesh::make_proof(hostile_key, true, {mine, theirs, {}})), now_);
    drain();
  }

  /// A record of the hostile member's own, well signed, with any body.
  void send_record(std::string_view payload) {
    if (payload.size() < 3) return;
    const auto kind = static_cast<std::uint32_t>(payload[0]) % 6;
    Bytes text = "overlay record v1" + cluster_.str();
    append_be(text, kind);
    append_be(text, std::uint64_t{static_cast<std::uint8_t>(payload[1])});
    append_be(text, std::uint64_t{static_cast<std::uint8_t>(payload[2])});
    v1::Envelope envelope;
    envelope.set_kind(kind);
    envelope.set_author(hostile_key.public_key.str());
    envelope.set_major(static_cast<std::uint8_t>(payload[1]));
    envelope.set_minor(static_cast<std::uint8_t>(payload[2]));
    envelope.set_body(Bytes(payload.substr(3)));
    envelope.set_signature(hostile_key.sign(text + envelope.body()).str());
    node_->received(member_, wire::encode(wire::Records{{envelope.SerializeAsString()}}), now_);
  }

  void drain() {
    for (const Effect& effect : node_->take_output().effects) {
      if (const auto* send = std::get_if<Send>(&effect)) last_frame_ = send->frame;
    }
  }

  Time now_{};
  std::unique_ptr<Node> node_;
  ClusterId cluster_;
  ipam::BlockRecord block_;
  SessionId member_ = 0;
  SessionId stranger_ = 0;
  Bytes last_frame_;
};

}  // namespace
}  // namespace overlay::node

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  overlay::node::Attack attack;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (rest.size() >= 2) {
    const auto operation = static_cast<std::uint8_t>(rest[0]);
    const std::size_t length = std::min<std::size_t>(static_cast<std::uint8_t>(rest[1]), rest.size() - 2);
    attack.step(operation, rest.substr(2, length));
    rest.remove_prefix(2 + length);
  }
  attack.check();
  return 0;
}
