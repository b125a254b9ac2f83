// SPDX-License-Identifier: Apache-2.0
// What rules of nftables, iptables-nft's among them, say of the overlay: whether they name it, and do not
// drop it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "overlay/addr/prefix.h"
#include "overlay/kernel/netlink.h"

namespace overlay::kernel {

/// What the overlay's packets are known by, besides the device overlay0.
struct Marks {
  std::uint16_t port = 0;  // of VXLAN
  std::vector<Prefix> pools;
};

/// The comment of the rules that are ours in others' chains, and the chain they jump to.
inline constexpr const char* our_comment = "overlayd --open-forward";
inline constexpr const char* our_chain = "OVERLAY-FORWARD";
bool has_our_comment(const Attributes& rule);

/// As nf_tables keeps its numbers, in network order; 0 where there is none.
std::uint32_t network_u32(const Attributes& attributes, int attribute);

/// A set that a rule looks packets up in.
struct Lookup {
  std::string set;
  std::optional<Family> address;  // of which family is what it looks up; none: it may be anything

  friend auto operator<=>(const Lookup&, const Lookup&) = default;
};

/// What the rules of a table name, other than to drop it.
struct Names {
  bool overlay0 = false;
  bool pool = false;  // as the source or the destination, all of it
  bool port = false;
  std::set<Lookup> lookups;
  std::set<std::string> opened;  // chains that begin with a rule of ours
};

/// Adds what one rule (NFT_MSG_NEWRULE) names.
void read_rule(const Reply& rule, const Marks& marks, Names& out);

/// "overlay0", or how "overlay*" is compared: without the end.
bool is_our_interface(std::string_view value);

/// Whether all of a pool is in the prefix of that many leading bits of `bytes`, which is part of an address.
bool covers_pool(std::string_view bytes, int length, Family family, const Marks& marks);

}  // namespace overlay::kernel
