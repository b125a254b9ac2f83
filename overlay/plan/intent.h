// SPDX-License-Identifier: Apache-2.0
// What this node wants of its kernel, in the words of the overlay: the input of desired().
// Nothing here is a kernel object yet; overlay/plan/desired.h turns it into them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "overlay/addr/ip.h"
#include "overlay/addr/mac.h"
#include "overlay/addr/prefix.h"
#include "overlay/base/crypto.h"

namespace overlay::plan {

/// Where this host stands on the underlay; observed by the shell, not chosen.
struct Underlay {
  Ip address;                                // VXLAN packets leave from here
  std::uint32_t mtu = 0;                     // of the route there, bytes
  std::uint32_t device = 0;                  // index of the device that has the address; 0: none
  std::optional<Prefix> neighbourhood = {};  // whose hosts are reached there without a router
  std::vector<Ip> also = {};  // others of this host that they may come to: where it moves to, or comes from

  friend bool operator==(const Underlay&, const Underlay&) = default;
};

/// This host's part in an encrypted cluster: packets between hosts are WireGuard's, and no VXLAN is spoken.
struct Encryption {
  WireguardKey secret;
  std::uint16_t port = 0;  // UDP

  friend bool operator==(const Encryption&, const Encryption&) = default;
};

/// A peer's part in it.
struct PeerKey {
  WireguardKey public_key;
  WireguardKey preshared;  // of the two of us; zero in a cluster without a secret
  std::uint16_t port = 0;

  friend bool operator==(const PeerKey&, const PeerKey&) = default;
};

/// Which way packets to a peer go. Without more: in the tunnel, straight to its underlay address.
struct Way {
  std::uint32_t relay = 0;  // index of the peer that passes them on, by its tunnels; 0: none
  bool direct = false;      // those to blocks of the underlay's family without a tunnel, as to a neighbour
  std::uint32_t mtu = 0;    // the largest that passes, bytes; 0: what the devices carry

  friend bool operator==(const Way&, const Way&) = default;
};

/// One other host and how its pods are reached.
struct Peer {
  std::uint32_t index = 0;  // 1..65535, local, stable across restarts: names its nexthops and gateway handles
  NodeId id;
  Mac vtep_mac;
  Ip underlay;                 // outer destination address
  std::vector<Ip> also{};      // others that they may come from, while it moves
  std::vector<Prefix> blocks;  // sorted; what is routed to it
  Way way = {};
  std::optional<PeerKey> key = {};  // in an encrypted cluster; one without it is not reached

  friend bool operator==(const Peer&, const Peer&) = default;
};

/// One leased pod address on this host.
struct Pod {
  Ip address;
  Mac mac;
  bool masquerade = true;  // towards what lies outside the pools
  std::string port = {};   // the host's end of its veth pair; may not be there yet; empty: not ours to keep

  friend bool operator==(const Pod&, const Pod&) = default;
};

struct Intent {
  NodeId node;
  ClusterId cluster;
  std::uint32_t vni = 0;
  std::uint16_t vxlan_port = 4789;
  Underlay underlay;
  std::optional<Encryption> encryption = {};
  std::uint32_t mtu = 0;  // of overlay0, the tunnel device and pods, bytes
  std::vector<Prefix> pools;
  std::vector<Prefix> blocks;         // ours, sorted; routed to overlay0
  std::vector<Ip> host_addresses;     // ours inside the pool: the .0 of the first block of each family
  std::vector<Peer> peers;            // sorted by index
  std::vector<Pod> pods;              // sorted by address
  bool checksum_offload = true;       // of overlay.vx; false: the kernel sums up, for a device below cannot
  std::vector<Prefix> no_masquerade;  // destinations outside the pool that see pod addresses unchanged
  bool watch_traffic = false;         // note which blocks pods send to
  bool keep_unknown = true;           // do not delete our leftovers yet: the first full sync is not done

  friend bool operator==(const Intent&, const Intent&) = default;
};

}  // namespace overlay::plan
