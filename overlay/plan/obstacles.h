// SPDX-License-Identifier: Apache-2.0
// Other firewalls of this host that stand in the overlay's way. What one table accepts another may still
// drop, so no rule of ours helps: it is said which chain it is, and the cure. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "overlay/addr/ip.h"

namespace overlay::plan {

/// A base chain of another's, on one of the two ways that the overlay's packets take.
struct ForeignChain {
  enum class Hook : std::uint8_t {
    input,   // VXLAN comes in
    forward  // pods' packets pass
  };
  Hook hook = Hook::forward;
  std::string table;    // with its family, as nft lists it: "ip filter"
  std::string name;     // "FORWARD"
  std::string manager;  // who made it, where that is known: "Docker", "firewalld"
  bool legacy = false;  // of iptables-legacy, which has tables of its own
  bool v4 = true;       // which packets it sees
  bool v6 = true;
  bool drops = false;     // what no rule of it accepts
  bool knows_us = false;  // a rule names overlay0 (forward) or the port of VXLAN (input)

  friend bool operator==(const ForeignChain&, const ForeignChain&) = default;
};

/// Whether it drops the overlay's packets of these families, as far as its rules tell.
bool stands_in_the_way(const ForeignChain& chain, bool v4, bool v6);

/// What an alarm says of those in the way of pods' packets; empty when there are none. `pools`: their
/// families.
std::string forward_obstacle(const std::vector<ForeignChain>& chains, const std::vector<Family>& pools);
/// The same for VXLAN coming in.
std::string input_obstacle(const std::vector<ForeignChain>& chains, Family underlay, std::uint16_t port);

}  // namespace overlay::plan
