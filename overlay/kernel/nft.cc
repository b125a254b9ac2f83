// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/nft.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
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

Status Nft::run(const std::string& commands) {
  if (nft_run_cmd_from_buffer(context_.get(), commands.c_str()) == 0) return {};
  return fail(Errc::io, "nftables refused the table inet overlay: " +
                            first_line(nft_ctx_get_error_buffer(context_.get())));
}

}  // namespace overlay::kernel
