// SPDX-License-Identifier: Apache-2.0
#include "overlay/base/crypto.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <memory>
#include <stdexcept>

namespace overlay {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;

const unsigned char* data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

/// OpenSSL fails here only when it is broken or out of memory; nobody can carry on without signatures.
void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("OpenSSL cannot ") + what);
}

Key secret_key(const SecretSeed& seed) {
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.bytes.data(), SecretSeed::size));
  require(key != nullptr, "load an Ed25519 key");
  return key;
}

}  // namespace

Digest sha256(std::string_view bytes) {
  Digest out;
  SHA256(data(bytes), bytes.size(), out.bytes.data());
  return out;
}

KeyPair KeyPair::from_seed(const SecretSeed& seed) {
  KeyPair out{seed, {}};
  std::size_t length = PublicKey::size;
  require(EVP_PKEY_get_raw_public_key(secret_key(seed).get(), out.public_key.bytes.data(), &length) == 1,
          "derive an Ed25519 public key");
  return out;
}

Signature KeyPair::sign(std::string_view message) const {
  const Key key = secret_key(seed);
  const Context context(EVP_MD_CTX_new());
  Signature out;
  std::size_t length = Signature::size;
  require(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
              EVP_DigestSign(context.get(), out.bytes.data(), &length, data(message), message.size()) == 1,
          "make an Ed25519 signature");
  return out;
}

bool verify(const PublicKey& key, std::string_view message, const Signature& signature) {
  const Key loaded(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.bytes.data(), PublicKey::size));
  const Context context(EVP_MD_CTX_new());
  if (!loaded || !context) return false;
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, loaded.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.bytes.data(), Signature::size, data(message),
                          message.size()) == 1;
}

WireguardKey wireguard_secret(const SecretSeed& identity) {
  const Digest digest = sha256("overlay wireguard key v1" + identity.str());
  WireguardKey out{digest.bytes};
  out.bytes.front() &= 0xf8;
  out.bytes.back() = static_cast<std::uint8_t>((out.bytes.back() & 0x7f) | 0x40);
  return out;
}

WireguardKey wireguard_public(const WireguardKey& secret) {
  const Key key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.bytes.data(), WireguardKey::size));
  WireguardKey out;
  std::size_t length = WireguardKey::size;
  require(key && EVP_PKEY_get_raw_public_key(key.get(), out.bytes.data(), &length) == 1,
          "derive an X25519 public key");
  return out;
}

}  // namespace overlay
