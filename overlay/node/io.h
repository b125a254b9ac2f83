// SPDX-License-Identifier: Apache-2.0
// The contract between the core and whoever runs it (daemon or simulator): what comes out.
// After each input the runner takes one Output and carries it out: first `persist` (all of it durable), then
// `effects` in their order. Outputs are never reordered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "overlay/addr/mac.h"
#include "overlay/addr/prefix.h"
#include "overlay/base/result.h"
#include "overlay/ipam/lease.h"
#include "overlay/mesh/effects.h"

namespace overlay::node {

using mesh::Admit;
using mesh::Channel;
using mesh::Close;
using mesh::Dial;
using mesh::Event;
using mesh::max_frame_bytes;
using mesh::max_hello_bytes;
using mesh::Send;
using mesh::SessionId;

/// Names one waiting caller of the local API.
using CallId = std::uint64_t;

/// The kernel intent has changed: reconcile.
struct ReconcileKernel {
  std::vector<NodeId> peers;  // only what is wanted for these (Node::planned_peer); empty: anything
  bool urgent = true;         // false: only in what the CNI plugin has done already, or what nobody waits for
};

/// What a CNI ADD or CHECK needs to know.
struct LeaseAnswer {
  ipam::Lease lease;
  Mac gateway_mac;  // of overlay0
  std::uint32_t mtu = 0;
  std::vector<Prefix> pools;
};
/// The answer to a local call. An empty value answers calls that return nothing.
struct Answer {
  CallId call;
  Result<std::optional<LeaseAnswer>> result;
};

/// This node must not live on under its identity: another one does, or it was removed for ever. Whoever runs
/// it puts the identity and the log aside, makes a new identity, and starts again from Node::heirloom().
struct Rekey {
  std::string cause;  // "cloned" or "removed": part of the name under which the old ones are kept
  std::string why;    // one sentence
};

/// This node is out of its cluster, as it was told: whoever runs it takes its objects out of the kernel and
/// stops. Node::start refuses to start from this log again.
struct Left {};

using Effect = std::variant<Dial, Send, Admit, Close, ReconcileKernel, Answer, Event, Rekey, Left>;

/// An IP packet, an echo request, from this host to a peer's, by the way it is to test. It promises nothing
/// and waits for no disk; Node::probes_answered tells of the answer.
struct SendProbe {
  std::optional<Ip> neighbour;  // on the underlay, to whom it goes as it is; none: by the tunnel
  std::uint32_t device = 0;     // the index of the neighbour's device
  std::optional<Mac> vtep;      // by overlay.vx to this one; none: by overlay.wg
  Ip source;
  Ip destination;
  std::uint64_t nonce = 0;
  std::size_t size = 0;   // of the packet, bytes
  std::uint8_t hops = 1;  // how many hosts may have a part in it
};

/// One entry for the log; opaque to the store.
struct Persist {
  Bytes entry;
  bool urgent = true;  // false: durable within a second, the effects do not wait (losing it costs only time)
};

struct Output {
  std::vector<Persist> persist;
  std::vector<Effect> effects;

  bool empty() const { return persist.empty() && effects.empty(); }
};

}  // namespace overlay::node
