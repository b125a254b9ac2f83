// SPDX-License-Identifier: Apache-2.0
// nftables in this process, through libnftables; the nft command is never run.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/kernel/netlink.h"
#include "overlay/plan/diff.h"

struct nft_ctx;

namespace overlay::kernel {

/// The addresses in a set of the table inet overlay; none when there is no such set. `socket` is one of
/// NETLINK_NETFILTER.
[[nodiscard]] Result<std::vector<Ip>> set_elements(Socket& socket, std::string_view set);

/// In the network namespace of the thread that opened it.
class Nft {
 public:
  [[nodiscard]] static Result<Nft> open();

  /// Whether the kernel's table `inet overlay` is the one this firewall made. Asks for its marker chain only:
  /// a few microseconds, where a listing of the table would take its whole size.
  [[nodiscard]] Result<bool> holds(const plan::Firewall& firewall);
  /// The elements of its set `members`; none when there is no such set.
  [[nodiscard]] Result<std::vector<plan::Member>> members();
  /// Adds or removes them, all or nothing.
  [[nodiscard]] Status change_members(std::span<const plan::Operation> operations);
  /// Runs commands in nft's language as one transaction: all or nothing.
  [[nodiscard]] Status run(const std::string& commands);

 private:
  struct Free {
    void operator()(nft_ctx* context) const;
  };

  Nft(Socket socket, nft_ctx* context);

  Socket socket_;
  std::unique_ptr<nft_ctx, Free> context_;
};

}  // namespace overlay::kernel
