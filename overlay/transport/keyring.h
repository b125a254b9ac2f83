// SPDX-License-Identifier: Apache-2.0
// The keys a host holds, so that a cluster can change its secret while it runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/secret.h"

namespace overlay::transport {

class Keyring {
 public:
  static constexpr std::size_t max_keys = 4;

  struct Key {
    std::string id;    // what the caller of a handshake names
    Digest psk;        // what both sides must hold
    Digest pair_root;  // what the keys of two hosts' packets are made of
  };

  /// The first is ours, all are accepted. Errc::invalid for none, for more than max_keys and for one twice.
  [[nodiscard]] static Result<Keyring> make(const std::vector<Secret>& secrets);

  std::size_t size() const { return keys_.size(); }
  const Key& at(std::size_t index) const { return keys_.at(index); }
  /// The key of that id; none of ours: nullptr.
  const Key* find(std::string_view id) const;
  /// "9b1c…, 3f2a…", for people.
  std::string ids() const;

 private:
  std::vector<Key> keys_;
};

}  // namespace overlay::transport
