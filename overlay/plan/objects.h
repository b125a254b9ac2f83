// SPDX-License-Identifier: Apache-2.0
// The kernel objects this system manages, as values. Each kind has key() (what names it, for merging), id()
// (the same for people), text() (one line with all of it) and ==. Objects that are not ours have no value
// here.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "overlay/addr/endpoint.h"
#include "overlay/addr/ip.h"
#include "overlay/addr/mac.h"
#include "overlay/addr/prefix.h"
#include "overlay/base/crypto.h"

namespace overlay::plan {

/// Our mark on routes, nexthops and neighbours (RTA_PROTOCOL and its kin).
inline constexpr std::uint8_t route_protocol = 77;
/// Nexthop ids are one of these plus the peer's index.
inline constexpr std::uint32_t nexthop_base_v4 = 0x4d000000;
inline constexpr std::uint32_t nexthop_base_v6 = 0x4e000000;
inline constexpr std::uint32_t peer_index_max = 0xffff;

/// True for the nexthop ids that are ours to use.
bool is_our_nexthop_id(std::uint32_t id);

/// The devices of this system: the bridge, and one or the other tunnel.
enum class Device : std::uint8_t { bridge, vxlan, wireguard };
inline constexpr std::array devices = {Device::bridge, Device::vxlan, Device::wireguard};
/// "overlay0", "overlay.vx" or "overlay.wg".
std::string_view name(Device device);

/// The alias of our devices, "overlay:CLUSTER": the mark that they are ours, and whose.
std::string alias_of(const ClusterId& cluster);
/// The reverse; nothing for any other text.
std::optional<ClusterId> cluster_of_alias(std::string_view alias);

struct Link {
  static constexpr std::string_view kind = "link";
  Device device = Device::bridge;
  std::string renamed = {};  // what somebody else calls it now; never wanted
  Mac mac;
  std::uint32_t mtu = 0;  // bytes
  std::string alias;
  bool up = true;
  std::uint16_t port = 0;    // of a tunnel, UDP
  WireguardKey secret = {};  // its key, of WireGuard; never in any text
  // VXLAN only.
  std::uint32_t vni = 0;
  Ip local;                      // outer source address
  bool checksum_offload = true;  // what it carries is summed up below

  Device key() const { return device; }
  std::string id() const { return std::string(name(device)); }
  std::string text() const;
  /// What the kernel cannot change in a device that is there (vxlan_core.c: VNI, port, family of `local`).
  auto fixed() const {
    return std::tuple(vni, device == Device::vxlan ? port : std::uint16_t{}, local.family());
  }
  friend bool operator==(const Link&, const Link&) = default;
};

/// The host's end of a pod's veth pair, an isolated port of overlay0 that its pod's frames are sent to. The
/// CNI plugin makes it; here it is only put back when somebody took it out. One that does not exist is as
/// wanted.
struct Port {
  static constexpr std::string_view kind = "port";
  std::string name;
  Mac mac;  // of the pod's end
  bool attached = true;

  std::string_view key() const { return name; }
  std::string id() const { return name; }
  std::string text() const {
    return name + (attached ? " master " : " not a port of ") +
           std::string(overlay::plan::name(Device::bridge)) +
           (attached ? " isolated, for " + overlay::text(mac) : std::string());
  }
  friend bool operator==(const Port&, const Port&) = default;
};

/// The table `inet overlay`, without the members. Two are equal when their digests are: the kernel's listing
/// of rules is not compared.
struct Firewall {
  static constexpr std::string_view kind = "firewall";
  std::string digest;       // of the rules; the name of an empty chain carries it in the kernel
  std::string rules;        // in nft's language; empty when observed
  std::vector<Ip> members;  // that are put in with the rules, sorted; empty when observed

  int key() const { return 0; }
  std::string id() const { return "inet overlay"; }
  std::string text() const { return "table inet overlay content " + digest; }
  friend bool operator==(const Firewall& a, const Firewall& b) { return a.digest == b.digest; }
};

/// An underlay address that may send VXLAN packets to this host: an element of the table's set `members`.
struct Member {
  static constexpr std::string_view kind = "member";
  Ip ip;

  const Ip& key() const { return ip; }
  std::string id() const { return ip.text(); }
  std::string text() const { return ip.text() + " may send VXLAN"; }
  friend bool operator==(const Member&, const Member&) = default;
};

/// One file below /proc/sys.
struct Setting {
  static constexpr std::string_view kind = "setting";
  std::string path;  // "net/ipv4/ip_forward"
  std::string value;

  std::string_view key() const { return path; }
  std::string id() const { return path; }
  std::string text() const { return path + " = " + value; }
  friend bool operator==(const Setting&, const Setting&) = default;
};

/// An address of this host on one of our devices.
struct Address {
  static constexpr std::string_view kind = "address";
  Ip ip;
  int length = 0;
  Device device = Device::bridge;

  auto key() const { return std::tuple(ip, length, device); }
  std::string id() const {
    const std::string out = ip.text() + "/" + std::to_string(length);
    return device == Device::bridge ? out : out + " dev " + std::string(name(device));
  }
  std::string text() const {
    return ip.text() + "/" + std::to_string(length) + " dev " + std::string(name(device));
  }
  friend bool operator==(const Address&, const Address&) = default;
};

/// Where overlay.vx sends frames for a VTEP.
struct FdbEntry {
  static constexpr std::string_view kind = "fdb";
  Mac mac;
  Ip remote;

  const Mac& key() const { return mac; }
  std::string id() const { return overlay::text(mac); }
  std::string text() const {
    return id() + " dst " + remote.text() + " dev " + std::string(name(Device::vxlan));
  }
  friend bool operator==(const FdbEntry&, const FdbEntry&) = default;
};

/// A permanent entry: a pod on overlay0, or a peer's gateway handle on overlay.vx.
struct Neighbour {
  static constexpr std::string_view kind = "neighbour";
  Device device = Device::bridge;
  Ip ip;
  Mac mac;

  auto key() const { return std::tuple(device, ip); }
  std::string id() const { return ip.text() + " dev " + std::string(name(device)); }
  std::string text() const { return id() + " lladdr " + overlay::text(mac); }
  friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

/// A peer of overlay.wg, which takes and gives packets by their addresses.
struct WireguardPeer {
  static constexpr std::string_view kind = "wireguard peer";
  WireguardKey public_key;
  WireguardKey preshared = {};       // never in any text
  Endpoint endpoint = {};            // where it is called; it may be found elsewhere
  std::vector<Prefix> allowed = {};  // sorted; where packets to it go and come from
  std::uint16_t keepalive = 0;       // seconds; 0: none is sent

  const WireguardKey& key() const { return public_key; }
  std::string id() const { return public_key.hex(); }
  std::string text() const;
  friend bool operator==(const WireguardPeer&, const WireguardPeer&) = default;
};

/// The way to one peer, for all its blocks of one family: by its handle, onlink on overlay.vx, or simply by
/// overlay.wg.
struct Nexthop {
  static constexpr std::string_view kind = "nexthop";
  std::uint32_t number = 0;
  std::optional<Ip> gateway = {};

  std::uint32_t key() const { return number; }
  std::string id() const { return std::to_string(number); }
  Family family() const { return number < nexthop_base_v6 ? Family::v4 : Family::v6; }
  std::string text() const {
    return gateway ? id() + " via " + gateway->text() + " dev " + std::string(name(Device::vxlan))
                   : id() + " dev " + std::string(name(Device::wireguard));
  }
  friend bool operator==(const Nexthop&, const Nexthop&) = default;
};

/// The metric the kernel gives a route without one: 0, and 1024 for IPv6 (IP6_RT_PRIO_USER).
std::uint32_t default_metric(Family family);
/// Of the route that lies beneath another and takes over while that one is gone.
std::uint32_t beneath_metric(Family family);

/// A route of the main table with our protocol: by a nexthop, else by a gateway, else onto overlay0.
struct Route {
  static constexpr std::string_view kind = "route";
  /// None of these ways: what another version of this program made.
  static constexpr std::uint32_t elsewhere = 0;

  Prefix destination;
  std::uint32_t metric = 0;
  std::optional<std::uint32_t> nexthop = {};
  std::optional<Ip> gateway = {};  // a neighbour on the underlay; onlink
  std::uint32_t device = 0;        // the index of its device there
  std::optional<Ip> source = {};   // preferred source address of this host
  std::uint32_t mtu = 0;           // of what goes there, bytes; 0: the device's

  auto key() const { return std::tuple(destination, metric); }
  std::string id() const { return destination.text(); }
  std::string text() const;
  friend bool operator==(const Route&, const Route&) = default;
};

using Object = std::variant<Link, Port, Firewall, Member, Setting, Address, WireguardPeer, FdbEntry,
                            Neighbour, Nexthop, Route>;
std::string_view kind(const Object& object);
std::string id(const Object& object);
std::string text(const Object& object);

/// A kernel's worth of them; each list sorted by key, each key once.
struct Objects {
  std::vector<Link> links;
  std::vector<Port> ports;
  std::vector<Firewall> firewall;  // at most one
  std::vector<Member> members;
  std::vector<Setting> settings;
  std::vector<Address> addresses;
  std::vector<WireguardPeer> wireguard;
  std::vector<FdbEntry> fdb;
  std::vector<Neighbour> neighbours;
  std::vector<Nexthop> nexthops;
  std::vector<Route> routes;

  /// Sorts each list by key; of several with one key the first stays. Returns how many went.
  std::size_t normalise();
  /// Whether exactly this is among them; the lists must be sorted.
  bool hold(const Object& object) const;
  /// Whether one with its key is.
  bool know(const Object& object) const;
  /// All of them, in the order they are added to a kernel.
  std::vector<Object> all() const;
  friend bool operator==(const Objects&, const Objects&) = default;
};

}  // namespace overlay::plan
