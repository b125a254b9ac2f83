// SPDX-License-Identifier: Apache-2.0
// The primitives identity and encryption rest on, over OpenSSL's libcrypto: SHA-256, Ed25519 (RFC 8032) and
// X25519 (RFC 7748). All are deterministic, so the pure core may use them; making a key takes its 32 random
// bytes as an argument.
#pragma once

#include <string_view>

#include "overlay/base/bytes.h"

namespace overlay {

struct DigestTag {
  static constexpr const char* name = "SHA-256 digest";
};
struct PublicKeyTag {
  static constexpr const char* name = "Ed25519 public key";
};
struct SecretSeedTag {
  static constexpr const char* name = "Ed25519 secret seed";
};
struct SignatureTag {
  static constexpr const char* name = "Ed25519 signature";
};

struct WireguardKeyTag {
  static constexpr const char* name = "WireGuard key";
};

using Digest = FixedBytes<DigestTag, 32>;
using PublicKey = FixedBytes<PublicKeyTag, 32>;
using SecretSeed = FixedBytes<SecretSeedTag, 32>;
using Signature = FixedBytes<SignatureTag, 64>;
/// A secret or public X25519 key, or a preshared key.
using WireguardKey = FixedBytes<WireguardKeyTag, 32>;

Digest sha256(std::string_view bytes);
/// The first N bytes of SHA-256: how node and cluster ids are made.
template <class Id>
Id hash_id(std::string_view bytes) {
  static_assert(Id::size <= Digest::size);
  return Id::parse(sha256(bytes).view().substr(0, Id::size)).value();
}

/// A node's identity. The seed never leaves the state directory.
struct KeyPair {
  SecretSeed seed;
  PublicKey public_key;

  static KeyPair from_seed(const SecretSeed& seed);
  NodeId node_id() const { return hash_id<NodeId>(public_key.view()); }
  Signature sign(std::string_view message) const;
};

/// True when `signature` over `message` was made by the holder of `key`'s secret.
bool verify(const PublicKey& key, std::string_view message, const Signature& signature);

/// The secret WireGuard key of the node with this identity, clamped as WireGuard shows it (RFC 7748, 5).
WireguardKey wireguard_secret(const SecretSeed& identity);
WireguardKey wireguard_public(const WireguardKey& secret);

}  // namespace overlay
