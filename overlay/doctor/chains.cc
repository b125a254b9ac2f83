// SPDX-License-Identifier: Apache-2.0
// The base chains of nftables, read without libnftables: of chains only, not of the rules of a whole cluster.
#include <netinet/in.h>  // before the kernel's, which then leaves out what this one defines

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <array>
#include <bit>

#include "overlay/doctor/gather.h"
#include "overlay/kernel/netlink.h"

namespace overlay::doctor {
namespace {

using kernel::Attributes;

std::uint16_t type_of(int message) {
  return static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | message);
}

std::uint32_t big_endian(const Attributes& attributes, int attribute) {
  return __builtin_bswap32(attributes.u32(attribute).value_or(0));
}

std::string family_name(std::uint8_t family) {
  switch (family) {
    case NFPROTO_INET:
      return "inet";
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_IPV6:
      return "ip6";
    default:
      return {};
  }
}

struct Named {
  std::uint8_t family = 0;
  std::string table;
  std::string chain;
};

/// One of its rules compares the name of a device with one of ours; a rule keeps such names as bytes.
bool names_us(kernel::Socket& socket, const Named& named) {
  nfgenmsg header{};
  header.nfgen_family = named.family;
  kernel::Message request(type_of(NFT_MSG_GETRULE), 0, header);
  request.string(NFTA_RULE_TABLE, named.table).string(NFTA_RULE_CHAIN, named.chain);
  const auto replies = socket.dump(request);
  if (!replies) return false;
  for (const kernel::Reply& reply : *replies) {
    const auto rule = reply.attributes<nfgenmsg>().find(NFTA_RULE_EXPRESSIONS).value_or("");
    for (const char* device : {"overlay0", "overlay.vx"}) {
      if (rule.find(device) != std::string_view::npos) return true;
    }
  }
  return false;
}

std::optional<Chain::Hook> hook_of(const Attributes& chain) {
  const Attributes hook = chain.nested(NFTA_CHAIN_HOOK);
  if (!hook.u32(NFTA_HOOK_HOOKNUM)) return std::nullopt;  // no base chain
  const auto number = big_endian(hook, NFTA_HOOK_HOOKNUM);
  if (number == NF_INET_FORWARD) return Chain::Hook::forward;
  if (number == NF_INET_LOCAL_IN) return Chain::Hook::input;
  return std::nullopt;
}

}  // namespace

std::vector<Chain> find_chains() {
  std::vector<Chain> out;
  auto socket = kernel::Socket::open(NETLINK_NETFILTER);
  if (!socket) return out;
  const auto replies = socket->dump(kernel::Message(type_of(NFT_MSG_GETCHAIN), 0, nfgenmsg{}));
  if (!replies) return out;
  for (const kernel::Reply& reply : *replies) {
    const auto header = reply.header<nfgenmsg>();
    const auto chain = reply.attributes<nfgenmsg>();
    const auto hook = hook_of(chain);
    if (!header || !hook || family_name(header->nfgen_family).empty()) continue;
    const Named named{header->nfgen_family, chain.string(NFTA_CHAIN_TABLE).value_or(""),
                      chain.string(NFTA_CHAIN_NAME).value_or("")};
    const bool drops = big_endian(chain, NFTA_CHAIN_POLICY) == NF_DROP;
    out.push_back({.name = family_name(named.family) + " " + named.table + " " + named.chain,
                   .hook = *hook,
                   .drops = drops,
                   .names_us = drops && names_us(*socket, named)});
  }
  return out;
}

}  // namespace overlay::doctor
