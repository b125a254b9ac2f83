// SPDX-License-Identifier: Apache-2.0
#include "overlay/base/secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cctype>

namespace overlay {
namespace {

constexpr std::string_view prefix = "overlay-";
constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t letters = ((Secret::size + checksum_bytes) * 8 + 4) / 5;
constexpr std::size_t longest_password = 64;  // that a person would make up

std::string to_base32(std::string_view bytes) {
  std::string out;
  unsigned held = 0;  // the low `bits` bits wait for their letter
  unsigned bits = 0;
  for (const char c : bytes) {
    held = (held << 8 | static_cast<unsigned char>(c)) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) out.push_back(alphabet[held >> (bits - 5) & 31]);
  }
  if (bits > 0) out.push_back(alphabet[held << (5 - bits) & 31]);
  return out;
}

/// Whole bytes only; empty on a foreign letter. Bits left over are for the caller to check by encoding again.
Bytes from_base32(std::string_view text) {
  Bytes out;
  unsigned held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::size_t value = alphabet.find(c);
    if (value == std::string_view::npos) return {};
    held = (held << 5 | static_cast<unsigned>(value)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<char>(held >> bits & 0xff));
  }
  return out;
}

bool looks_like_a_password(std::string_view text) {
  return text.size() <= longest_password &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isprint(c) != 0; });
}

}  // namespace

Secret::~Secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

Result<Secret> Secret::parse(std::string_view text) {
  if (text.empty()) return fail(Errc::invalid, "is empty; make a cluster secret with 'overlayctl token'");
  if (!text.starts_with(prefix)) {
    return fail(Errc::invalid,
                looks_like_a_password(text)
                    ? "is not a cluster secret but looks like a password, which a captured "
                      "handshake would give away to guessing; make one with 'overlayctl token'"
                    : "is not a cluster secret, which is one line that begins with 'overlay-'; "
                      "make one with 'overlayctl token'");
  }
  const std::string_view code = text.substr(prefix.size());
  if (code.size() == letters) {
    const Bytes raw = from_base32(code);
    std::array<std::uint8_t, size> bytes{};
    std::copy_n(raw.begin(), std::min(raw.size(), size), bytes.begin());
    const Secret secret(bytes);
    if (secret.text() == text) return secret;
  }
  return fail(Errc::invalid,
              "holds a cluster secret that was mistyped or cut short; copy it again from another host");
}

std::string Secret::text() const {
  Bytes raw(bytes_.begin(), bytes_.end());
  raw += derive("checksum").view().substr(0, checksum_bytes);
  return std::string(prefix) + to_base32(raw);
}

std::string Secret::key_id() const { return derive("key id").hex().substr(0, 16); }

Digest Secret::derive(std::string_view purpose) const {
  Bytes text = "overlay secret v1 " + std::string(purpose) + '\0';
  text.append(bytes_.begin(), bytes_.end());
  const Digest out = sha256(text);
  OPENSSL_cleanse(text.data(), text.size());
  return out;
}

}  // namespace overlay
