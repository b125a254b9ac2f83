// SPDX-License-Identifier: Apache-2.0
// Any bytes as answers of the kernel's wireguard module: reading them never crashes, and whatever is read can
// be told back in messages that fit.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "overlay/kernel/wireguard_netlink.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace overlay;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const kernel::Reply reply(0, bytes);
  if (const auto family = kernel::read_family(reply); !family && family.error().text.empty()) std::abort();
  plan::WireguardState state;
  kernel::read_wireguard(reply, state);
  kernel::read_wireguard(reply, state);  // the last peer may go on
  plan::WireguardChange change{.secret = state.secret, .port = state.port, .peers = {}};
  for (const auto& [peer, handshake] : state.peers) {
    change.peers.push_back({.public_key = peer.public_key,
                            .preshared = peer.preshared,
                            .endpoint = peer.endpoint,
                            .keepalive = peer.keepalive,
                            .replace_allowed = true,
                            .allowed = peer.allowed});
  }
  for (const kernel::Message& message : kernel::encode_wireguard_change(1, "overlay.wg", change)) {
    if (!message.complete()) std::abort();
  }
  return 0;
}
