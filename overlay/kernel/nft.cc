// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/nft.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <algorithm>
#include <new>

#include "overlay/plan/firewall.h"

namespace overlay::kernel {
namespace {

/// libnftables writes several lines with the offending text under each; the first says it.
std::string first_line(const char* text) {
  std::string out = text ? text : "";
  out.resize(std::min(out.find('\n'), out.size()));
  return out.empty() ? "no reason given" : out;
}

}  // namespace

void Nft::Free::operator()(nft_ctx* context) const { nft_ctx_free(context); }

Nft::Nft(Socket socket, nft_ctx* context) : socket_(std::move(socket)), context_(context) {}

Result<Nft> Nft::open() {
  // First, because libnftables ends the process when the kernel has no such netlink family.
  auto socket = Socket::open(NETLINK_NETFILTER);
  if (!socket) return with_context("nftables is needed", socket.error());
  nft_ctx* context = nft_ctx_new(NFT_CTX_DEFAULT);
  if (!context) throw std::bad_alloc();
  Nft out(std::move(*socket), context);
  nft_ctx_buffer_output(context);
  nft_ctx_buffer_error(context);
  return out;
}

Result<bool> Nft::holds(const plan::Firewall& firewall) {
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_INET;
  header.version = NFNETLINK_V0;
  Message message((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETCHAIN, 0, header);
  message.string(NFTA_CHAIN_TABLE, "overlay").string(NFTA_CHAIN_NAME, plan::marker_chain(firewall));
  const auto reply = socket_.get(message);
  if (reply) return true;
  if (reply.error().code == Errc::not_found) return false;
  return with_context("cannot read the nftables table inet overlay", reply.error());
}

namespace {

constexpr std::string_view members_set = "members";
constexpr std::size_t elements_a_message = 32;  // so that it stays below 2 KiB

Message about_elements(int type, std::string_view set) {
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_INET;
  header.version = NFNETLINK_V0;
  const int flags = type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0;
  Message out(static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type), flags, header);
  out.string(NFTA_SET_ELEM_LIST_TABLE, "overlay").string(NFTA_SET_ELEM_LIST_SET, set);
  return out;
}

bool is_removal(const plan::Operation& operation) { return operation.verb == plan::Operation::Verb::remove; }

}  // namespace

Result<std::vector<Ip>> set_elements(Socket& socket, std::string_view set) {
  std::vector<Ip> out;
  const auto replies = socket.dump(about_elements(NFT_MSG_GETSETELEM, set));
  if (!replies && replies.error().code == Errc::not_found) return out;
  if (!replies)
    return with_context("cannot read the set " + std::string(set) + " of the table inet overlay",
                        replies.error());
  for (const Reply& reply : *replies) {
    const Attributes list = reply.attributes<nfgenmsg>().nested(NFTA_SET_ELEM_LIST_ELEMENTS);
    for (const Attributes& element : list.all(NFTA_LIST_ELEM)) {
      if (const auto ip = element.nested(NFTA_SET_ELEM_KEY).ip(NFTA_DATA_VALUE)) out.push_back(*ip);
    }
  }
  return out;
}

Result<std::vector<plan::Member>> Nft::members() {
  OVERLAY_TRY(const auto addresses, set_elements(socket_, members_set));
  std::vector<plan::Member> out;
  out.reserve(addresses.size());
  for (const Ip& address : addresses) out.push_back({address});
  return out;
}

Status Nft::change_members(std::span<const plan::Operation> operations) {
  std::vector<Message> messages;
  while (!operations.empty()) {
    const bool removal = is_removal(operations.front());
    Message message = about_elements(removal ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM, members_set);
    message.begin(NFTA_SET_ELEM_LIST_ELEMENTS);
    std::size_t count = 0;
    for (; count < std::min(operations.size(), elements_a_message); ++count) {
      if (is_removal(operations[count]) != removal) break;
      message.begin(NFTA_LIST_ELEM).begin(NFTA_SET_ELEM_KEY);
      message.ip(NFTA_DATA_VALUE, std::get<plan::Member>(operations[count].object).ip).end().end();
    }
    messages.push_back(std::move(message.end()));
    operations = operations.subspan(count);
  }
  return socket_.transaction(messages);
}

Status Nft::run(const std::string& commands) {
  if (nft_run_cmd_from_buffer(context_.get(), commands.c_str()) == 0) return {};
  return fail(Errc::io, "nftables refused the table inet overlay: " +
                            first_line(nft_ctx_get_error_buffer(context_.get())));
}

}  // namespace overlay::kernel
