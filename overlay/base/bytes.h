// SPDX-License-Identifier: Apache-2.0
// Byte strings, hexadecimal, and fixed-size identifiers that cannot be mixed up.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace overlay {

/// A byte string of any length; protobuf's own representation of `bytes`.
using Bytes = std::string;

/// Lower-case hexadecimal of any bytes.
std::string to_hex(std::string_view bytes);
/// The reverse; Errc::invalid on odd length or a foreign character.
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

/// Appends `value` big-endian, as the wire and all signed material have it.
void append_be(Bytes& out, std::uint64_t value);
void append_be(Bytes& out, std::uint32_t value);

/// N bytes with a meaning. `Tag` makes each meaning a type of its own. Compares bytewise.
template <class Tag, std::size_t N>
struct FixedBytes {
  static constexpr std::size_t size = N;
  std::array<std::uint8_t, N> bytes{};

  /// All N bytes from `from`; Errc::invalid when it has another length.
  [[nodiscard]] static Result<FixedBytes> parse(std::string_view from) {
    if (from.size() != N) {
      return fail(Errc::invalid, std::string(Tag::name) + " has " + std::to_string(from.size()) +
                                     " bytes, not " + std::to_string(N));
    }
    FixedBytes out;
    std::memcpy(out.bytes.data(), from.data(), N);
    return out;
  }
  /// From 2N hexadecimal digits.
  [[nodiscard]] static Result<FixedBytes> from_hex_text(std::string_view text) {
    OVERLAY_TRY(const Bytes raw, from_hex(text));
    return parse(raw);
  }

  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), N}; }
  Bytes str() const { return Bytes(view()); }
  std::string hex() const { return to_hex(view()); }
  /// The first 8 hexadecimal digits, for people.
  std::string short_hex() const { return hex().substr(0, 8); }
  bool is_zero() const { return *this == FixedBytes{}; }

  friend auto operator<=>(const FixedBytes&, const FixedBytes&) = default;
};

struct NodeIdTag {
  static constexpr const char* name = "node id";
};
struct ClusterIdTag {
  static constexpr const char* name = "cluster id";
};
struct RequestIdTag {
  static constexpr const char* name = "request id";
};
struct NonceTag {
  static constexpr const char* name = "nonce";
};

/// The first 16 bytes of SHA-256 of a node's Ed25519 public key.
using NodeId = FixedBytes<NodeIdTag, 16>;
/// The first 16 bytes of SHA-256 of the genesis decree.
using ClusterId = FixedBytes<ClusterIdTag, 16>;
/// Names one request end to end, so that it is never served twice.
using RequestId = FixedBytes<RequestIdTag, 16>;
/// Random bytes that make a session or a start unique.
using Nonce = FixedBytes<NonceTag, 16>;

}  // namespace overlay
