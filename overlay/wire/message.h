// SPDX-License-Identifier: Apache-2.0
// What peers say to each other, as values. encode() and decode() are the only doors to the wire.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "overlay/wire/record.h"

namespace overlay::wire {

inline constexpr std::uint32_t protocol_min = 1;
inline constexpr std::uint32_t protocol_max = 1;
inline constexpr std::size_t digest_buckets = 256;

struct Hello {
  std::uint32_t protocol_min = wire::protocol_min;
  std::uint32_t protocol_max = wire::protocol_max;
  ClusterId cluster;  // zero: none yet
  PublicKey public_key;
  std::uint64_t incarnation = 0;
  Nonce nonce;
  std::string name;
  std::string version;
  std::vector<Prefix> pools;  // of the cluster, or asked for by hand; empty: any
};
struct Proof {
  Signature signature;
};
struct Refusal {
  std::string text;
};
struct Ping {
  std::uint64_t stamp = 0;
};
struct Pong {
  std::uint64_t stamp = 0;
};
struct Records {
  std::vector<Bytes> envelopes;
};
/// One hash a bucket, digest_buckets of them.
struct Digest256 {
  std::vector<std::uint64_t> buckets;
};
struct DigestEntry {
  RecordKey key;
  RecordVersion version;
  std::uint64_t content = 0;
};
struct DigestEntries {
  std::vector<std::uint8_t> buckets;
  std::vector<DigestEntry> entries;
  bool more = false;  // another frame of this answer follows
};
struct Want {
  std::vector<RecordKey> keys;
};
struct Routed {
  NodeId to;
  std::uint32_t hops_left = 32;
  std::vector<NodeId>
      way;  // request: nodes passed so far, origin first; reply: nodes still to pass, last first
  bool reply = false;
  Bytes statement;  // see statement.h
};
/// A kind of frame newer than this version: to be ignored.
struct Unknown {};

using Message =
    std::variant<Unknown, Hello, Proof, Refusal, Ping, Pong, Records, Digest256, DigestEntries, Want, Routed>;

/// The body of one frame.
Bytes encode(const Message& message);
/// Errc::invalid says what is wrong; nothing out of bounds passes.
[[nodiscard]] Result<Message> decode(std::string_view frame);

}  // namespace overlay::wire
