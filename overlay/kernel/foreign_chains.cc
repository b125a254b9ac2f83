// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/foreign_chains.h"

#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <algorithm>
#include <map>
#include <set>

#include "overlay/kernel/legacy_tables.h"
#include "overlay/kernel/rule_sets.h"
#include "overlay/plan/objects.h"

namespace overlay::kernel {
namespace {

using plan::ForeignChain;
using Hook = ForeignChain::Hook;

std::string_view family_name(std::uint8_t family) {
  if (family == NFPROTO_IPV4) return "ip";
  return family == NFPROTO_IPV6 ? "ip6" : "inet";
}

Message question(int type, std::uint8_t family) {
  nfgenmsg header{};
  header.nfgen_family = family;
  header.version = NFNETLINK_V0;
  return Message(static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type), 0, header);
}

struct Table {
  std::uint8_t family = 0;
  std::string name;

  auto operator<=>(const Table&) const = default;
  std::string text() const { return std::string(family_name(family)) + " " + name; }
};

struct Chain {
  Table table;
  ForeignChain foreign;
};

/// Nothing for a chain that is no base chain, is ours, or is on another way.
std::optional<Chain> read_chain(const Reply& reply) {
  const std::uint8_t family = reply.header<nfgenmsg>().value_or(nfgenmsg{}).nfgen_family;
  if (family != NFPROTO_IPV4 && family != NFPROTO_IPV6 && family != NFPROTO_INET) return std::nullopt;
  const Attributes attributes = reply.attributes<nfgenmsg>();
  Chain out{.table = {family, attributes.string(NFTA_CHAIN_TABLE).value_or("")}, .foreign = {}};
  const std::uint32_t hook = network_u32(attributes.nested(NFTA_CHAIN_HOOK), NFTA_HOOK_HOOKNUM);
  const bool passed = hook == NF_INET_LOCAL_IN || hook == NF_INET_FORWARD;
  if (!attributes.find(NFTA_CHAIN_HOOK) || !passed || out.table == Table{NFPROTO_INET, "overlay"}) {
    return std::nullopt;
  }
  if (attributes.string(NFTA_CHAIN_TYPE) != "filter") return std::nullopt;
  out.foreign.hook = hook == NF_INET_FORWARD ? Hook::forward : Hook::input;
  out.foreign.table = out.table.text();
  out.foreign.name = attributes.string(NFTA_CHAIN_NAME).value_or("");
  out.foreign.v4 = family != NFPROTO_IPV6;
  out.foreign.v6 = family != NFPROTO_IPV4;
  out.foreign.drops =
      attributes.find(NFTA_CHAIN_POLICY) && network_u32(attributes, NFTA_CHAIN_POLICY) == NF_DROP;
  return out;
}

bool is_chain(const Reply& reply, const Table& table, std::string_view name) {
  const Attributes attributes = reply.attributes<nfgenmsg>();
  return reply.header<nfgenmsg>().value_or(nfgenmsg{}).nfgen_family == table.family &&
         attributes.string(NFTA_CHAIN_TABLE) == table.name && attributes.string(NFTA_CHAIN_NAME) == name;
}

/// Who made it, by what else is in the table. firewalld ends its chains with a rule that rejects.
void find_manager(const std::vector<Reply>& chains, Chain& chain) {
  if (chain.table.name == "firewalld") {
    chain.foreign.manager = "firewalld";
    chain.foreign.drops = true;
  } else if (std::ranges::any_of(
                 chains, [&](const Reply& reply) { return is_chain(reply, chain.table, "DOCKER"); })) {
    chain.foreign.manager = "Docker";
  }
}

Result<std::vector<Reply>> dump_rules(Socket& socket, const Table& table) {
  Message message = question(NFT_MSG_GETRULE, table.family);
  message.string(NFTA_RULE_TABLE, table.name);
  return socket.dump(message);
}

Result<bool> has_intervals(Socket& socket, const Table& table, const std::string& set) {
  Message message = question(NFT_MSG_GETSET, table.family);
  message.string(NFTA_SET_TABLE, table.name).string(NFTA_SET_NAME, set);
  OVERLAY_TRY(const Reply reply, socket.get(message));
  return (network_u32(reply.attributes<nfgenmsg>(), NFTA_SET_FLAGS) & NFT_SET_INTERVAL) != 0;
}

/// One that went between two questions names nothing.
void read_set(Socket& socket, const Table& table, const Lookup& lookup, const Marks& marks, Names& out) {
  const auto intervals = has_intervals(socket, table, lookup.set);
  if (!intervals) return;
  Message message = question(NFT_MSG_GETSETELEM, table.family);
  message.string(NFTA_SET_ELEM_LIST_TABLE, table.name).string(NFTA_SET_ELEM_LIST_SET, lookup.set);
  const auto elements = socket.dump(message);
  if (elements) read_elements(*elements, lookup, *intervals, marks, out);
}

Result<Names> names_in(Socket& socket, const Table& table, const Marks& marks) {
  OVERLAY_TRY(const auto rules, dump_rules(socket, table));
  Names out;
  for (const Reply& rule : rules) read_rule(rule, marks, out);
  for (const Lookup& lookup : std::set(out.lookups)) read_set(socket, table, lookup, marks, out);
  return out;
}

}  // namespace

Result<std::vector<ForeignChain>> foreign_chains(Socket& socket, const Marks& marks) {
  OVERLAY_TRY(const auto chains, socket.dump(question(NFT_MSG_GETCHAIN, NFPROTO_UNSPEC)));
  std::map<Table, Names> names;
  std::vector<ForeignChain> out = legacy_chains(marks);
  for (const Reply& reply : chains) {
    auto chain = read_chain(reply);
    if (!chain) continue;
    find_manager(chains, *chain);
    if (!chain->foreign.drops) continue;
    if (!names.contains(chain->table)) {
      OVERLAY_TRY(names[chain->table], names_in(socket, chain->table, marks));
    }
    const Names& named = names[chain->table];
    const bool forwarded = named.overlay0 || named.pool || named.opened.contains(chain->foreign.name);
    chain->foreign.knows_us = chain->foreign.hook == Hook::forward ? forwarded : named.port;
    out.push_back(std::move(chain->foreign));
  }
  return out;
}

Status open_forward(Nft& nft, const ForeignChain& chain) {
  const std::string ours = chain.table + " " + our_chain;
  return nft.run("add chain " + ours + "\nflush chain " + ours + "\n" +   //
                 "add rule " + ours + " iifname \"overlay0\" accept\n" +  //
                 "add rule " + ours + " oifname \"overlay0\" accept\n" +  //
                 // As a relay.
                 "add rule " + ours + " iifname \"overlay.vx\" oifname \"overlay.vx\" accept\n" +
                 "add rule " + ours + " iifname \"overlay.wg\" oifname \"overlay.wg\" accept\n" +
                 "insert rule " + chain.table + " " + chain.name + " jump " + our_chain + " comment \"" +
                 our_comment + "\"\n");
}

Status close_forward(Socket& socket, Nft& nft) {
  OVERLAY_TRY(const auto rules, socket.dump(question(NFT_MSG_GETRULE, NFPROTO_UNSPEC)));
  std::string commands;
  std::set<std::string> tables;
  for (const Reply& reply : rules) {
    const Attributes rule = reply.attributes<nfgenmsg>();
    const auto handle = rule.find(NFTA_RULE_HANDLE);
    if (!has_our_comment(rule) || !handle) continue;
    std::uint64_t number = 0;
    std::memcpy(&number, handle->data(), std::min(handle->size(), sizeof number));
    const Table table{reply.header<nfgenmsg>().value_or(nfgenmsg{}).nfgen_family,
                      rule.string(NFTA_RULE_TABLE).value_or("")};
    tables.insert(table.text());
    commands += "delete rule " + table.text() + " " + rule.string(NFTA_RULE_CHAIN).value_or("") + " handle " +
                std::to_string(be64toh(number)) + "\n";
  }
  for (const std::string& table : tables) {
    commands += "flush chain " + table + " " + our_chain + "\ndelete chain " + table + " " + our_chain + "\n";
  }
  return commands.empty() ? Status() : nft.run(commands);
}

}  // namespace overlay::kernel
