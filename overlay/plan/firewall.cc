// SPDX-License-Identifier: Apache-2.0
#include "overlay/plan/firewall.h"

#include <algorithm>

#include "overlay/base/crypto.h"
#include "overlay/plan/desired.h"

namespace overlay::plan {
namespace {

constexpr std::size_t digest_digits = 16;

/// nft's words for one family.
struct Words {
  const char* match;  // of an address: `ip saddr`
  const char* type;   // of a set of addresses
  const char* suffix;
};

Words words(Family family) {
  return family == Family::v4 ? Words{"ip", "ipv4_addr", "4"} : Words{"ip6", "ipv6_addr", "6"};
}

/// A named set; without the line of elements when there are none, which nft would refuse.
std::string set(const std::string& name, const std::string& type, const std::vector<std::string>& elements) {
  std::string out = "  set " + name + " {\n    type " + type + "\n";
  if (!elements.empty()) {
    out += "    elements = {";
    for (std::size_t i = 0; i < elements.size(); ++i) out += (i == 0 ? " " : ", ") + elements[i];
    out += " }\n";
  }
  return out + "  }\n";
}

/// Those of one family, without what another of them holds: nft refuses overlapping intervals.
std::vector<std::string> intervals(std::vector<Prefix> prefixes, Family family) {
  std::erase_if(prefixes, [family](const Prefix& prefix) { return prefix.family() != family; });
  std::ranges::sort(prefixes);
  std::vector<std::string> out;
  const Prefix* last = nullptr;
  for (const Prefix& prefix : prefixes) {
    if (last && last->contains(prefix)) continue;
    last = &prefix;
    out.push_back(prefix.text());
  }
  return out;
}

/// One or, while this host moves, several.
std::string own_addresses(const Underlay& underlay) {
  if (underlay.also.empty()) return underlay.address.text();
  std::string out = "{ " + underlay.address.text();
  for (const Ip& address : underlay.also) out += ", " + address.text();
  return out + " }";
}

/// The devices that pods' packets pass, as nft lists them.
std::string own_devices(const Intent& intent) {
  return "\"overlay0\", \"" + std::string(name(tunnel(intent))) + "\"";
}

/// ICMP redirects never tell a pod to reach its neighbour directly.
std::string redirect_rules(const Intent& intent) {
  return "    oifname { " + own_devices(intent) + " } icmp type redirect drop\n    oifname { " +
         own_devices(intent) + " } icmpv6 type nd-redirect drop\n";
}

/// The member's packet is decided by its first rule; only strangers cost more.
std::string vxlan_chains(const Intent& intent) {
  const std::string ip = words(intent.underlay.address.family()).match;
  const std::string port = "udp dport " + std::to_string(intent.vxlan_port);
  const std::string from_member =
      ip + " saddr @members " + ip + " daddr " + own_addresses(intent.underlay) + " iifname != \"overlay0\"";
  // The VNI follows 8 bytes of UDP header and 4 of VXLAN flags (RFC 7348). Other VNIs on this port are
  // others'.
  const std::string our_vni = "@th,96,24 " + std::to_string(intent.vni);
  return "  chain prerouting {\n"
         "    type filter hook prerouting priority raw; policy accept;\n"
         "    " +
         port + " " + from_member +
         " notrack accept\n"
         "    " +
         port + " " + our_vni +
         " fib daddr type local drop\n"
         "  }\n"
         "  chain output {\n"
         "    type filter hook output priority raw; policy accept;\n"
         "    " +
         port + " " + ip + " daddr @members notrack\n" + redirect_rules(intent) + "  }\n";
}

/// After DNAT, so addresses of services in a pool are not meant.
std::string encryption_chains(const Intent& intent) {
  const std::string others = "ifname != { \"lo\", " + own_devices(intent) + " } ";
  const auto drop = [&others](const char* side, const char* end) {
    const std::string here = std::string("    ") + side + others;
    return here + "ip " + end + " @pools4 drop\n" + here + "ip6 " + end + " @pools6 drop\n";
  };
  const std::string type = "\n    flags interval";
  return set("pools4", "ipv4_addr" + type, intervals(intent.pools, Family::v4)) +
         set("pools6", "ipv6_addr" + type, intervals(intent.pools, Family::v6)) +
         "  chain prerouting {\n"
         "    type filter hook prerouting priority raw; policy accept;\n" +
         drop("i", "saddr") +
         "  }\n"
         "  chain output {\n"
         "    type filter hook output priority raw; policy accept;\n" +
         redirect_rules(intent) +
         "  }\n"
         "  chain encrypted {\n"
         "    type filter hook postrouting priority filter; policy accept;\n" +
         drop("o", "daddr") + "  }\n";
}

std::string masquerade_sets(const Intent& intent, Family family) {
  std::vector<Prefix> inside = intent.pools;
  inside.insert(inside.end(), intent.no_masquerade.begin(), intent.no_masquerade.end());
  const Words w = words(family);
  const std::string type = std::string(w.type) + "\n    flags interval";
  std::vector<std::string> unchanged;
  for (const Pod& pod : intent.pods) {
    if (!pod.masquerade && pod.address.family() == family) unchanged.push_back(pod.address.text());
  }
  return set(std::string("pods") + w.suffix, type, intervals(intent.blocks, family)) +
         set(std::string("unchanged") + w.suffix, w.type, unchanged) +
         set(std::string("inside") + w.suffix, type, intervals(inside, family));
}

std::string masquerade_rule(Family family) {
  const Words w = words(family);
  const std::string ip = w.match;
  return "    " + ip + " saddr @pods" + w.suffix + " " + ip + " saddr != @unchanged" + w.suffix + " " + ip +
         " daddr != @inside" + w.suffix + " masquerade fully-random\n";
}

/// Both ends of a connection say in their first packet how much they take at once. A pod that was started
/// when packets could be larger, or whose peer is behind a narrow path, says too much.
std::string clamp_rules(const Intent& intent) {
  return "    oifname { " + own_devices(intent) +
         " } tcp flags syn tcp option maxseg size set rt mtu\n"
         "    iifname \"overlay0\" tcp flags syn tcp option maxseg size set rt mtu\n";
}

/// As many bits of an address as this host's blocks have.
Ip mask_of(const Prefix& block) {
  const std::string ones(16, '\xff');
  const Ip all = block.family() == Family::v4 ? Ip::v4(0xffffffff) : Ip::from_bytes(ones).value();
  return Prefix::around(all, block.length()).address();
}

const Prefix* own_block(const Intent& intent, Family family) {
  const auto at =
      std::ranges::find_if(intent.blocks, [family](const Prefix& block) { return block.family() == family; });
  return at == intent.blocks.end() ? nullptr : &*at;
}

/// Where pods send to is noted by the block, or what is as large as ours, and forgotten by itself.
std::string traffic_set(const Intent& intent, Family family) {
  if (!intent.watch_traffic || own_block(intent, family) == nullptr) return {};
  return set(std::string("traffic") + words(family).suffix,
             std::string(words(family).type) + "\n    size 65535\n    flags dynamic,timeout", {});
}

std::string traffic_rules(const Intent& intent, Family family) {
  const Prefix* block = own_block(intent, family);
  if (!intent.watch_traffic || block == nullptr) return {};
  const std::string to = std::string(words(family).match) + " daddr ";
  std::string out;
  for (const Prefix& pool : intent.pools) {
    if (pool.family() != family) continue;
    out += "    iifname \"overlay0\" oifname != \"overlay0\" " + to + pool.text() + " update @traffic" +
           words(family).suffix + " { " + to + "& " + mask_of(*block).text() + " timeout 10s }\n";
  }
  return out;
}

std::string forward_chain(const Intent& intent) {
  return "  chain forward {\n"
         "    type filter hook forward priority mangle; policy accept;\n" +
         clamp_rules(intent) + traffic_rules(intent, Family::v4) + traffic_rules(intent, Family::v6) +
         "  }\n";
}

std::string rules(const Intent& intent) {
  return set("members", words(intent.underlay.address.family()).type, {}) +
         (intent.encryption ? encryption_chains(intent) : vxlan_chains(intent)) +
         traffic_set(intent, Family::v4) + traffic_set(intent, Family::v6) + forward_chain(intent) +
         masquerade_sets(intent, Family::v4) + masquerade_sets(intent, Family::v6) +
         "  chain postrouting {\n"
         "    type nat hook postrouting priority srcnat; policy accept;\n"
         "    oifname { " +
         own_devices(intent) + " } return\n" + masquerade_rule(Family::v4) + masquerade_rule(Family::v6) +
         "  }\n";
}

std::vector<Ip> members(const Intent& intent) {
  std::vector<Ip> out;
  out.reserve(intent.peers.size());
  if (intent.encryption) return out;
  for (const Peer& peer : intent.peers) {
    if (peer.underlay.family() != intent.underlay.address.family()) continue;
    for_each_address(peer, [&out](const Ip& address) { out.push_back(address); });
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

Firewall firewall(const Intent& intent) {
  Firewall out{.digest = {}, .rules = rules(intent), .members = members(intent)};
  out.digest = sha256(out.rules).hex().substr(0, digest_digits);
  return out;
}

std::string firewall_replacement(const Firewall& firewall) {
  std::string out = firewall_removal() + "table inet overlay {\n  chain " + marker_chain(firewall) +
                    " {\n  }\n" + firewall.rules + "}\n";
  if (firewall.members.empty()) return out;
  out += "add element inet overlay members {";
  for (std::size_t i = 0; i < firewall.members.size(); ++i) {
    out += (i == 0 ? " " : ", ") + firewall.members[i].text();
  }
  return out + " }\n";
}

std::string marker_chain(const Firewall& firewall) { return "content_" + firewall.digest; }

std::string firewall_removal() { return "add table inet overlay\ndelete table inet overlay\n"; }

}  // namespace overlay::plan
