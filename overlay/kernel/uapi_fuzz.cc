// SPDX-License-Identifier: Apache-2.0
// Any bytes as an answer of wireguard-go: reading them never crashes, and what is read can be told again as a
// change and read back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "overlay/kernel/uapi.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace overlay;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto state = kernel::read_uapi(bytes);
  if (!state) return 0;
  plan::WireguardChange change{.secret = state->secret, .port = state->port, .peers = {}};
  for (const auto& [peer, handshake] : state->peers) {
    plan::WireguardUpdate& update = change.peers.emplace_back();
    update.public_key = peer.public_key;
    update.preshared = peer.preshared;
    if (peer.endpoint.port != 0) update.endpoint = peer.endpoint;
    update.keepalive = peer.keepalive;
    update.allowed = peer.allowed;
  }
  const std::string told = kernel::uapi_set(change) + "errno=0\n\n";
  const std::size_t begin =
      told.find('\n') + 1;  // without set=1 it has the form of an answer, but for a line
  std::string answer = told.substr(begin);
  answer.erase(answer.find("\n\n"), 1);
  const auto again = kernel::read_uapi(answer);
  if (!again || again->peers.size() != state->peers.size() || again->secret != state->secret) std::abort();
  for (std::size_t i = 0; i < state->peers.size(); ++i) {
    if (!(again->peers[i].peer == state->peers[i].peer)) std::abort();
  }
  return 0;
}
