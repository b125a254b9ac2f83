// SPDX-License-Identifier: Apache-2.0
#include "overlay/kube/peers.h"

#include <algorithm>
#include <tuple>

#include "overlay/base/crypto.h"

namespace overlay::kube {
namespace {

Family preferred_family(const std::map<std::string, Node>& nodes, const std::string& self) {
  const auto own = nodes.find(self);
  if (own == nodes.end() || own->second.addresses.empty()) return Family::v4;
  return own->second.addresses.front().family();
}

const Ip& address_of(const Node& node, Family family) {
  const auto fitting = std::find_if(node.addresses.begin(), node.addresses.end(),
                                    [&](const Ip& address) { return address.family() == family; });
  return fitting == node.addresses.end() ? node.addresses.front() : *fitting;
}

}  // namespace

std::vector<Ip> choose_peers(const std::map<std::string, Node>& nodes, const std::string& self) {
  using Rank = std::tuple<bool, std::string, Ip>;  // the lowest first
  const Family family = preferred_family(nodes, self);
  std::vector<Rank> ranks;
  for (const auto& [name, node] : nodes) {
    if (name == self || node.addresses.empty()) continue;
    ranks.emplace_back(!node.is_up, sha256(self + "/" + name).str(), address_of(node, family));
  }
  std::sort(ranks.begin(), ranks.end());
  if (ranks.size() > max_peers) ranks.resize(max_peers);
  std::vector<Ip> out;
  for (const auto& [down, hash, address] : ranks) out.push_back(address);
  return out;
}

bool others_are_up(const std::map<std::string, Node>& nodes, const std::string& self) {
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const auto& entry) { return entry.first != self && entry.second.is_up; });
}

}  // namespace overlay::kube
