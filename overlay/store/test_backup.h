// SPDX-License-Identifier: Apache-2.0
// For tests: the log of a node that is in a cluster, owns a block and has a pod.
#pragma once

#include "overlay/store/backup_format.h"

namespace overlay::store::example {

inline const KeyPair node = KeyPair::from_seed(SecretSeed{{1}});

inline wire::BackupEntry made() {
  return {WallTime(std::chrono::seconds(1'700'000'000)), "0.1.0", node.seed, {}};
}

inline std::vector<Bytes> log() {
  consensus::Genesis founded;
  founded.pools = {Prefix::parse("10.32.0.0/12").value()};
  founded.voters = {node.public_key};
  const auto genesis = wire::seal(founded, {0, 0}, node, {});
  const ClusterId cluster = wire::cluster_of(genesis);
  wire::NodeInfo info;
  info.name = "h1";
  ipam::BlockRecord block;
  block.prefix = Prefix::parse("10.32.4.0/24").value();
  block.owner = node.node_id();
  block.state = ipam::BlockState::owned;
  const ipam::LeaseKey pod{"overlay", "web", "eth0"};
  const Ip address = Ip::parse("10.32.4.1").value();
  std::vector<Bytes> out;
  for (const wire::LogEntry& entry :
       std::vector<wire::LogEntry>{wire::IncarnationEntry{3}, wire::RecordEntry{genesis.envelope},
                                   wire::RecordEntry{wire::seal(info, {3, 1}, node, cluster).envelope},
                                   wire::RecordEntry{wire::seal(block, {}, node, cluster).envelope},
                                   wire::LeaseEntry{{pod, {address}, {}, pod_mac(address), true}}}) {
    out.push_back(wire::encode_entry(entry));
  }
  return out;
}

}  // namespace overlay::store::example
