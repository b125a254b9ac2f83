// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/wireguard.h"

#include <linux/netlink.h>
#include <linux/wireguard.h>

#include "overlay/kernel/netlink.h"
#include "overlay/kernel/wireguard_go.h"
#include "overlay/kernel/wireguard_netlink.h"

namespace overlay::kernel {
namespace {

/// A device of the kernel's module.
class WireguardModule : public Wireguard {
 public:
  WireguardModule(Socket socket, std::uint16_t family, const std::string& name)
      : socket_(std::move(socket)), family_(family), name_(name) {}

  [[nodiscard]] Result<plan::WireguardState> read() override {
    plan::WireguardState out;
    OVERLAY_TRY(const auto replies, socket_.dump(encode_wireguard_get(family_, name_)));
    for (const Reply& reply : replies) read_wireguard(reply, out);
    return out;
  }

  [[nodiscard]] Status write(const plan::WireguardChange& change) override {
    for (Status& status : socket_.batch(encode_wireguard_change(family_, name_, change))) {
      OVERLAY_CHECK(std::move(status));
    }
    return {};
  }

 private:
  Socket socket_;
  std::uint16_t family_;
  std::string name_;
};

}  // namespace

Result<std::unique_ptr<Wireguard>> open_wireguard(const std::string& name, std::string_view kind) {
  if (kind == tun_kind) return std::make_unique<WireguardGo>(name);
  OVERLAY_TRY(Socket socket, Socket::open(NETLINK_GENERIC));
  const auto answer = socket.get(encode_family_request(WG_GENL_NAME));
  if (!answer) return with_context("the kernel's wireguard module", answer.error());
  OVERLAY_TRY(const std::uint16_t family, read_family(*answer));
  return std::make_unique<WireguardModule>(std::move(socket), family, name);
}

}  // namespace overlay::kernel
