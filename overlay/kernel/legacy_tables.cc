// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/legacy_tables.h"

#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bit>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace overlay::kernel {
namespace {

using plan::ForeignChain;
using Hook = ForeignChain::Hook;

template <class Address>
std::string_view as_bytes(const Address& address) {
  return {reinterpret_cast<const char*>(&address), sizeof address};
}

/// What differs between the two families.
struct Legacy4 {
  using Info = ipt_getinfo;
  using Entries = ipt_get_entries;
  using Entry = ipt_entry;
  static constexpr int family = AF_INET;
  static constexpr int level = IPPROTO_IP;
  static constexpr int get_info = IPT_SO_GET_INFO;
  static constexpr int get_entries = IPT_SO_GET_ENTRIES;
  static constexpr const char* names = "/proc/thread-self/net/ip_tables_names";
  static constexpr const char* table = "ip filter";
  static std::string_view in(const Entry& entry) { return entry.ip.iniface; }
  static std::string_view out(const Entry& entry) { return entry.ip.outiface; }
  static bool names_pool(const Entry& entry, const Marks& marks) {
    return covers(entry.ip.src, entry.ip.smsk, marks) || covers(entry.ip.dst, entry.ip.dmsk, marks);
  }
  static bool covers(const in_addr& address, const in_addr& mask, const Marks& marks) {
    return covers_pool(as_bytes(address), std::popcount(mask.s_addr), Family::v4, marks);
  }
};

struct Legacy6 {
  using Info = ip6t_getinfo;
  using Entries = ip6t_get_entries;
  using Entry = ip6t_entry;
  static constexpr int family = AF_INET6;
  static constexpr int level = IPPROTO_IPV6;
  static constexpr int get_info = IP6T_SO_GET_INFO;
  static constexpr int get_entries = IP6T_SO_GET_ENTRIES;
  static constexpr const char* names = "/proc/thread-self/net/ip6_tables_names";
  static constexpr const char* table = "ip6 filter";
  static std::string_view in(const Entry& entry) { return entry.ipv6.iniface; }
  static std::string_view out(const Entry& entry) { return entry.ipv6.outiface; }
  static bool names_pool(const Entry& entry, const Marks& marks) {
    return covers(entry.ipv6.src, entry.ipv6.smsk, marks) || covers(entry.ipv6.dst, entry.ipv6.dmsk, marks);
  }
  static bool covers(const in6_addr& address, const in6_addr& mask, const Marks& marks) {
    int length = 0;
    for (const std::uint32_t word : mask.s6_addr32) length += std::popcount(word);
    return covers_pool(as_bytes(address), length, Family::v6, marks);
  }
};

bool is_loaded(const char* names) {
  std::ifstream file(names);
  for (std::string name; std::getline(file, name);) {
    if (name == "filter") return true;
  }
  return false;
}

/// Reads a struct at some place of what the kernel gave; false beyond its end.
template <class T>
bool read(std::string_view bytes, std::size_t offset, T& out) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof out) return false;
  std::memcpy(&out, bytes.data() + offset, sizeof out);
  return true;
}

/// `bytes` is one rule, from its entry to its end.
template <class V>
bool names_port(std::string_view bytes, std::size_t targets, std::uint16_t port) {
  for (std::size_t offset = sizeof(typename V::Entry); offset < targets;) {
    xt_entry_match match{};
    if (!read(bytes, offset, match) || match.u.match_size < sizeof match) return false;
    xt_udp udp{};
    const bool is_udp = std::string_view(match.u.user.name) == "udp";
    if (is_udp && read(bytes, offset + sizeof match, udp) && udp.dpts[0] == port && udp.dpts[1] == port) {
      return true;
    }
    offset += match.u.match_size;
  }
  return false;
}

bool is_drop(std::string_view bytes, std::size_t target) {
  xt_standard_target verdict{};
  return read(bytes, target, verdict) && verdict.verdict == -NF_DROP - 1;
}

template <class V>
struct LegacyTable {
  typename V::Info info{};
  std::string entries;  // rule after rule
};

template <class V>
std::optional<LegacyTable<V>> read_legacy() {
  if (!is_loaded(V::names)) return std::nullopt;
  const int fd = ::socket(V::family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::nullopt;
  LegacyTable<V> out;
  std::strcpy(out.info.name, "filter");
  socklen_t size = sizeof out.info;
  bool done = ::getsockopt(fd, V::level, V::get_info, &out.info, &size) == 0;
  if (done) {
    typename V::Entries header{};
    std::strcpy(header.name, "filter");
    header.size = out.info.size;
    std::string buffer(sizeof header + out.info.size, '\0');
    std::memcpy(buffer.data(), &header, sizeof header);
    size = static_cast<socklen_t>(buffer.size());
    done = ::getsockopt(fd, V::level, V::get_entries, buffer.data(), &size) == 0;
    out.entries = buffer.substr(sizeof header);
  }
  ::close(fd);
  if (!done) return std::nullopt;
  return out;
}

template <class V>
bool table_knows_us(const LegacyTable<V>& table, Hook hook, const Marks& marks) {
  const std::string_view all = table.entries;
  typename V::Entry entry{};
  for (std::size_t offset = 0; read(all, offset, entry); offset += entry.next_offset) {
    if (entry.next_offset < sizeof entry) return false;
    if (is_drop(all, offset + entry.target_offset)) continue;
    const bool device = V::in(entry) == "overlay0" || V::out(entry) == "overlay0";
    const bool forward = device || V::names_pool(entry, marks);
    if (hook == Hook::forward ? forward
                              : names_port<V>(all.substr(offset), entry.target_offset, marks.port)) {
      return true;
    }
  }
  return false;
}

template <class V>
void append_legacy(const Marks& marks, std::vector<ForeignChain>& out) {
  const auto table = read_legacy<V>();
  if (!table) return;
  for (const Hook hook : {Hook::input, Hook::forward}) {
    const std::size_t policy =
        table->info.underflow[hook == Hook::input ? NF_INET_LOCAL_IN : NF_INET_FORWARD];
    typename V::Entry entry{};
    if (!read(table->entries, policy, entry)) continue;
    if (!is_drop(table->entries, policy + entry.target_offset)) continue;
    out.push_back({.hook = hook,
                   .table = V::table,
                   .name = hook == Hook::input ? "INPUT" : "FORWARD",
                   .manager = {},
                   .legacy = true,
                   .v4 = V::family == AF_INET,
                   .v6 = V::family == AF_INET6,
                   .drops = true,
                   .knows_us = table_knows_us(*table, hook, marks)});
  }
}

}  // namespace

std::vector<ForeignChain> legacy_chains(const Marks& marks) {
  std::vector<ForeignChain> out;
  append_legacy<Legacy4>(marks, out);
  append_legacy<Legacy6>(marks, out);
  return out;
}

}  // namespace overlay::kernel
