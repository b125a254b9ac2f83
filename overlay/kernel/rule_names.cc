// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/rule_names.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <algorithm>
#include <bit>
#include <optional>

namespace overlay::kernel {
namespace {

/// How iptables-nft keeps `-p udp --dport`, in some versions.
bool matches_port(const Attributes& match, std::uint16_t port) {
  const auto info = match.find(NFTA_MATCH_INFO);
  if (match.string(NFTA_MATCH_NAME) != "udp" || !info || info->size() < sizeof(xt_udp)) return false;
  xt_udp udp{};
  std::memcpy(&udp, info->data(), sizeof udp);
  return udp.dpts[0] == port && udp.dpts[1] == port;
}

/// The family of the address that an expression loads the beginning of (RFC 791, RFC 8200); nothing when it
/// loads something else.
std::optional<Family> loaded_address(const Attributes& payload) {
  if (network_u32(payload, NFTA_PAYLOAD_BASE) != NFT_PAYLOAD_NETWORK_HEADER) return std::nullopt;
  const std::uint32_t offset = network_u32(payload, NFTA_PAYLOAD_OFFSET);
  if (offset == 12 || offset == 16) return Family::v4;
  if (offset == 8 || offset == 24) return Family::v6;
  return std::nullopt;
}

int leading_ones(std::string_view mask) {
  int out = 0;
  for (const char byte : mask) {
    const int ones = std::countl_one(static_cast<unsigned char>(byte));
    out += ones;
    if (ones != 8) break;
  }
  return out;
}

/// One rule's expressions, in order: what an earlier one loads a later one compares.
class Reader {
 public:
  explicit Reader(const Marks& marks) : marks_(marks) {}

  void read(const std::string& kind, const Attributes& data) {
    if (kind == "payload") {
      address_ = loaded_address(data);
      length_.reset();
    } else if (kind == "bitwise") {
      if (const auto mask = data.nested(NFTA_BITWISE_MASK).find(NFTA_DATA_VALUE))
        length_ = leading_ones(*mask);
    } else if (kind == "cmp") {
      if (const auto value = data.nested(NFTA_CMP_DATA).find(NFTA_DATA_VALUE)) compare(data, *value);
    } else if (kind == "lookup") {
      look_up(data);
    } else if (kind == "match") {
      names_.port = names_.port || matches_port(data, marks_.port);
    } else if (kind == "immediate") {
      const Attributes verdict = data.nested(NFTA_IMMEDIATE_DATA).nested(NFTA_DATA_VERDICT);
      drops_ =
          drops_ || (verdict.find(NFTA_VERDICT_CODE) && network_u32(verdict, NFTA_VERDICT_CODE) == NF_DROP);
    } else if (kind == "reject" || (kind == "target" && data.string(NFTA_TARGET_NAME) == "REJECT")) {
      drops_ = true;
    }
  }

  /// Nothing of a rule that drops.
  Names names() const { return drops_ ? Names() : names_; }

 private:
  void look_up(const Attributes& data) {
    if ((network_u32(data, NFTA_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0) return;
    names_.lookups.insert(
        Lookup{data.string(NFTA_LOOKUP_SET).value_or(""), length_ ? std::nullopt : address_});
  }

  void compare(const Attributes& data, std::string_view value) {
    if (network_u32(data, NFTA_CMP_OP) != NFT_CMP_EQ) return;
    const std::uint16_t port = htons(marks_.port);
    names_.overlay0 = names_.overlay0 || is_our_interface(value);
    names_.port = names_.port || value == std::string_view(reinterpret_cast<const char*>(&port), sizeof port);
    if (!address_) return;
    const int length = length_.value_or(static_cast<int>(8 * value.size()));
    names_.pool = names_.pool || covers_pool(value, length, *address_, marks_);
  }

  const Marks& marks_;
  std::optional<Family> address_;
  std::optional<int> length_;
  bool drops_ = false;
  Names names_;
};

}  // namespace

std::uint32_t network_u32(const Attributes& attributes, int attribute) {
  return ntohl(attributes.u32(attribute).value_or(0));
}

bool has_our_comment(const Attributes& rule) {
  const auto remark = rule.find(NFTA_RULE_USERDATA);
  return remark && remark->find(our_comment) != std::string_view::npos;
}

bool is_our_interface(std::string_view value) {
  const std::string_view name = value.substr(0, value.find('\0'));
  const bool wildcard = name.size() == value.size() && name.size() >= 7;
  return name == "overlay0" || (wildcard && std::string_view("overlay0").starts_with(name));
}

bool covers_pool(std::string_view bytes, int length, Family family, const Marks& marks) {
  if (length == 0) return false;  // any address
  std::string address(bytes.substr(0, family == Family::v4 ? 4 : 16));
  address.resize(family == Family::v4 ? 4 : 16, '\0');
  const Prefix prefix = Prefix::around(Ip::from_bytes(address).value(), length);
  return std::ranges::any_of(marks.pools, [&prefix](const Prefix& pool) { return prefix.contains(pool); });
}

void read_rule(const Reply& reply, const Marks& marks, Names& out) {
  const Attributes rule = reply.attributes<nfgenmsg>();
  const std::string chain = rule.string(NFTA_RULE_CHAIN).value_or("");
  if (has_our_comment(rule)) out.opened.insert(chain);
  if (chain == our_chain) return;  // which leads nowhere by itself
  Reader reader(marks);
  const Attributes expressions = rule.nested(NFTA_RULE_EXPRESSIONS);
  for (const Attributes& expression : expressions.all(NFTA_LIST_ELEM)) {
    reader.read(expression.string(NFTA_EXPR_NAME).value_or(""), expression.nested(NFTA_EXPR_DATA));
  }
  const Names names = reader.names();
  out.overlay0 = out.overlay0 || names.overlay0;
  out.pool = out.pool || names.pool;
  out.port = out.port || names.port;
  out.lookups.insert(names.lookups.begin(), names.lookups.end());
}

}  // namespace overlay::kernel
