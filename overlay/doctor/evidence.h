// SPDX-License-Identifier: Apache-2.0
// All that the checks judge, as plain values: gathered once (gather.h), so that each check is a pure
// function.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "overlay/addr/prefix.h"
#include "overlay/plan/intent.h"
#include "overlay/plan/obstacles.h"
#include "overlay/plan/preflight.h"
#include "overlay/v1/control.pb.h"

namespace overlay::doctor {

/// What the daemon answered.
struct Answers {
  v1::Status status;
  v1::Peers peers;
  v1::Links links;
  v1::Ipam ipam;
  v1::Routes routes;
};

struct Device {
  std::string name;
  std::string alias;
  bool up = false;
  std::uint32_t mtu = 0;
};

/// A port of ours that could not be opened while no daemon has it.
struct TakenPort {
  std::string name;  // "TCP 6783"
  std::string flag;  // that moves it
  std::string why;
};

/// Echo requests to a peer's underlay address.
struct Echo {
  std::string peer;
  Ip address;
  bool small = false;  // one of 64 bytes was answered
  bool full = false;   // one of the underlay's MTU was answered, unfragmented
};

struct Disk {
  std::uint64_t free_bytes = 0;
  std::chrono::microseconds sync{};  // the median of a few small writes made durable
};

struct Cni {
  std::vector<std::string> configurations;  // names of files, in the order runtimes read them
  std::string fault;                        // of ours; empty: there is none, or it is fine
  bool plugin = false;
};

/// A manager of networks that runs here.
struct Manager {
  std::string name;
  bool told = false;  // to leave our devices alone
};

struct Evidence {
  bool root = false;
  std::optional<Answers> daemon;
  std::string no_daemon;  // why it did not answer

  bool wireguard_module = false;  // the kernel has it, loaded or to be loaded
  bool wireguard_go = false;
  std::string kernel_lacks;  // what a trial run of the overlay failed at
  std::vector<Device> devices;
  std::vector<plan::HostRoute> routes;  // others'
  std::optional<plan::Underlay> underlay;
  std::string no_underlay;
  std::map<std::string, std::string> settings;  // below /proc/sys; absent: not readable
  std::vector<plan::ForeignChain> chains;       // other firewalls'
  std::vector<TakenPort> taken_ports;
  std::vector<Echo> echoes;
  std::string service_address;  // of Kubernetes, as this environment tells it

  std::string state_dir;
  bool has_identity = false;
  bool has_log = false;
  std::optional<Disk> disk;
  std::string no_disk;
  std::string secret_fault;
  Cni cni;
  std::vector<Manager> managers;
  bool clock_synchronised = false;
};

/// The cluster's, or what a founder would take.
std::vector<Prefix> pools(const Evidence& evidence);
/// One of ours is on this host, so an overlay is or was.
bool has_overlay(const Evidence& evidence);
bool is_ours(const Device& device);
bool has_pool(const Evidence& evidence, Family family);
const Device* find_device(const Evidence& evidence, const std::string& name);
/// Of a setting below /proc/sys that is a number; 0 where it cannot be read.
int number_of(const Evidence& evidence, const std::string& setting);

}  // namespace overlay::doctor
