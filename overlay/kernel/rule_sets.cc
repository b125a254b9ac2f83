// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/rule_sets.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <algorithm>

namespace overlay::kernel {
namespace {

struct Keys {
  std::set<std::string> starts;
  std::set<std::string> ends;  // of intervals: the first that is not in it
};

/// Of a verdict map.
bool is_dropped(const Attributes& element) {
  const Attributes verdict = element.nested(NFTA_SET_ELEM_DATA).nested(NFTA_DATA_VERDICT);
  return verdict.find(NFTA_VERDICT_CODE) && network_u32(verdict, NFTA_VERDICT_CODE) == NF_DROP;
}

Keys keys_of(const std::vector<Reply>& elements) {
  Keys out;
  for (const Reply& reply : elements) {
    const Attributes list = reply.attributes<nfgenmsg>().nested(NFTA_SET_ELEM_LIST_ELEMENTS);
    for (const Attributes& element : list.all(NFTA_LIST_ELEM)) {
      const auto key = element.nested(NFTA_SET_ELEM_KEY).find(NFTA_DATA_VALUE);
      if (!key || is_dropped(element)) continue;
      const bool ends = (network_u32(element, NFTA_SET_ELEM_FLAGS) & NFT_SET_ELEM_INTERVAL_END) != 0;
      (ends ? out.ends : out.starts).emplace(*key);
    }
  }
  return out;
}

/// All from `first` to `last`, in network order, lies in intervals.
bool cover(const Keys& keys, std::string first, const std::string& last) {
  for (;;) {
    const auto after = keys.starts.upper_bound(first);
    if (after == keys.starts.begin()) return false;
    const auto end = keys.ends.upper_bound(*std::prev(after));
    if (end == keys.ends.end() || *end > last) return true;
    if (*end <= first) return false;
    first = *end;
  }
}

std::string last_of(const Prefix& pool) {
  std::string out(pool.address().bytes());
  for (int bit = pool.length(); bit < static_cast<int>(8 * out.size()); ++bit) {
    char& byte = out[static_cast<std::size_t>(bit / 8)];
    byte = static_cast<char>(byte | (0x80 >> bit % 8));
  }
  return out;
}

bool holds_pool(const Keys& keys, Family family, const Marks& marks) {
  return std::ranges::any_of(marks.pools, [&](const Prefix& pool) {
    const std::string first(pool.address().bytes());
    const bool comparable =
        pool.family() == family && !keys.starts.empty() && keys.starts.begin()->size() == first.size();
    return comparable && cover(keys, first, last_of(pool));
  });
}

}  // namespace

void read_elements(const std::vector<Reply>& elements, const Lookup& lookup, bool intervals,
                   const Marks& marks, Names& out) {
  const Keys keys = keys_of(elements);
  const std::uint16_t port = htons(marks.port);
  for (const std::string& key : keys.starts) {
    out.overlay0 = out.overlay0 || is_our_interface(key);
    out.port = out.port || key == std::string_view(reinterpret_cast<const char*>(&port), sizeof port);
  }
  if (intervals && lookup.address) out.pool = out.pool || holds_pool(keys, *lookup.address, marks);
}

}  // namespace overlay::kernel
