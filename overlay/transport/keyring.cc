// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/keyring.h"

#include <algorithm>

namespace overlay::transport {

Result<Keyring> Keyring::make(const std::vector<Secret>& secrets) {
  if (secrets.empty() || secrets.size() > max_keys) {
    return fail(Errc::invalid,
                std::to_string(secrets.size()) + " secrets are given; give 1 to " + std::to_string(max_keys));
  }
  Keyring out;
  for (const Secret& secret : secrets) {
    std::string id = secret.key_id();
    if (out.find(id) != nullptr) {
      return fail(Errc::invalid, "the secret with key id " + id + " is given twice; give each once");
    }
    out.keys_.push_back({std::move(id), secret.derive("TLS external PSK"), secret.derive("WireGuard")});
  }
  return out;
}

const Keyring::Key* Keyring::find(std::string_view id) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.id == id; });
  return found == keys_.end() ? nullptr : &*found;
}

std::string Keyring::ids() const {
  std::string out;
  for (const Key& key : keys_) out += (out.empty() ? "" : ", ") + key.id;
  return out;
}

}  // namespace overlay::transport
