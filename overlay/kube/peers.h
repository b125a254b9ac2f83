// SPDX-License-Identifier: Apache-2.0
// Whom to call, out of the Nodes there are.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "overlay/kube/objects.h"

namespace overlay::kube {

/// More would not make it surer that one of them is of the cluster.
inline constexpr std::size_t max_peers = 8;

/// The addresses of some other Nodes, those with a running overlayd first. Which ones depends on the names
/// alone, so that each node keeps to its choice and no Node is everybody's. An address of the family that
/// this node's Node names first, where a Node has one.
std::vector<Ip> choose_peers(const std::map<std::string, Node>& nodes, const std::string& self);

/// Whether some other Node's overlayd has been ready once: then there is a cluster already.
bool others_are_up(const std::map<std::string, Node>& nodes, const std::string& self);

}  // namespace overlay::kube
