// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/obstacles.h"

#include <algorithm>

namespace overlay::plan {
namespace {

using Hook = ForeignChain::Hook;

std::vector<ForeignChain> in_the_way(const std::vector<ForeignChain>& chains, Hook hook, bool v4, bool v6) {
  std::vector<ForeignChain> out;
  std::ranges::copy_if(chains, std::back_inserter(out), [&](const ForeignChain& chain) {
    return chain.hook == hook && stands_in_the_way(chain, v4, v6);
  });
  return out;
}

/// "chain FORWARD of table ip filter (Docker) drops".
std::string named(const std::vector<ForeignChain>& chains) {
  std::string out;
  for (const ForeignChain& chain : chains) {
    if (!out.empty()) out += " and ";
    out += "chain " + chain.name + " of table " + chain.table;
    if (chain.legacy) out += " (legacy iptables)";
    if (!chain.manager.empty()) out += " (" + chain.manager + ")";
  }
  return out + (chains.size() == 1 ? " drops" : " drop");
}

/// A tool's own command where it keeps the rules itself.
std::string forward_cure(const ForeignChain& chain, bool v4) {
  if (chain.manager == "firewalld") {
    return "run `firewall-cmd --permanent --zone=trusted --add-interface=overlay0` and `firewall-cmd "
           "--reload`";
  }
  const std::string tool = v4 ? "iptables" : "ip6tables";
  if (chain.legacy) {
    return "run `" + tool + "-legacy -I FORWARD -i overlay0 -j ACCEPT` and `" + tool +
           "-legacy -I FORWARD -o overlay0 -j ACCEPT`";
  }
  return "start overlayd with --open-forward, or accept there what goes in or out by overlay0";
}

std::string input_cure(const ForeignChain& chain, bool v4, const std::string& port) {
  if (chain.manager == "firewalld") {
    return "run `firewall-cmd --permanent --add-port=" + port + "/udp` and `firewall-cmd --reload`";
  }
  if (chain.table != "ip filter" && chain.table != "ip6 filter") return "accept there udp dport " + port;
  const std::string tool = std::string(v4 ? "iptables" : "ip6tables") + (chain.legacy ? "-legacy" : "");
  return "run `" + tool + " -I INPUT -p udp --dport " + port + " -j ACCEPT`";
}

}  // namespace

bool stands_in_the_way(const ForeignChain& chain, bool v4, bool v6) {
  return chain.drops && !chain.knows_us && ((v4 && chain.v4) || (v6 && chain.v6));
}

std::string forward_obstacle(const std::vector<ForeignChain>& chains, const std::vector<Family>& pools) {
  const bool v4 = std::ranges::count(pools, Family::v4) != 0;
  const bool v6 = std::ranges::count(pools, Family::v6) != 0;
  const auto found = in_the_way(chains, Hook::forward, v4, v6);
  if (found.empty()) return {};
  return named(found) +
         " forwarded packets, pods' among them: " + forward_cure(found.front(), v4 && found.front().v4);
}

std::string input_obstacle(const std::vector<ForeignChain>& chains, Family underlay, std::uint16_t port) {
  const bool v4 = underlay == Family::v4;
  const auto found = in_the_way(chains, Hook::input, v4, !v4);
  if (found.empty()) return {};
  const std::string number = std::to_string(port);
  return named(found) + " incoming packets, the other hosts' among them, and nothing arrives: " +
         input_cure(found.front(), v4, number);
}

}  // namespace overlay::plan
