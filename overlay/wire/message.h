// SPDX-License-Identifier: Apache-2.0
// What peers say to each other, as values. encode() and decode() are the only doors to the wire.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "overlay/wire/record.h"

namespace overlay::wire {

inline constexpr std::uint32_t protocol_min = 2;
inline constexpr std::uint32_t protocol_max = 2;
inline constexpr std::size_t digest_buckets = 256;

/// What the dialler wants of a session.
enum class Purpose : std::uint8_t {
  contact = 0,   // anybody of the cluster
  shortcut = 1,  // one link more
  ring = 2,      // a link that holds the mesh together: never turned away
  seek = 3,      // somebody it cannot reach otherwise
};

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
  Purpose purpose = Purpose::contact;
};
struct Proof {
  Signature signature;
};
struct Refusal {
  std::string text;
};
struct Ping {
  std::uint64_t stamp = 0;  // 0: no answer is wanted
};
struct Pong {
  std::uint64_t stamp = 0;
};
struct Records {
  std::vector<Bytes> envelopes;
  bool repair = false;  // a comparison has shown that they were lacking; they are not news
};
/// Of all records; the first step of anti-entropy.
struct Root {
  std::uint64_t hash = 0;
  std::uint64_t count = 0;
};
/// One hash a bucket, digest_buckets of them.
struct Digest256 {
  std::vector<std::uint64_t> buckets;
};
/// Names one record. Keys are named by their hash: of two that share one, both are meant.
struct DigestEntry {
  KeyHash key = 0;
  RecordVersion version;
  std::uint64_t content = 0;
};
struct DigestEntries {
  std::vector<std::uint8_t> buckets;
  std::vector<DigestEntry> entries;
  bool more = false;  // another frame of this answer follows
};
/// All that a comparison has shown to be lacking was sent before this.
struct Compared {};
struct Announce {
  std::vector<DigestEntry> entries;
};
struct Want {
  std::vector<KeyHash> keys;
  bool graft = false;  // and from now on news at once
};
struct Prune {};
struct Need {
  bool needed = false;
};
struct Busy {
  std::vector<Endpoint> contacts;
};
struct Routed {
  NodeId to;
  std::uint32_t hops_left = 32;
  std::vector<NodeId>
      way;  // request: nodes passed so far, origin first; reply: nodes still to pass, last first
  bool reply = false;
  Bytes statement;  // see statement.h
};
/// What founders that expect each other say, again and again, until there is a cluster; see node/founding.h.
struct Founding {
  Digest list;
  Bytes proposal;     // envelope of the genesis it has signed; empty: none yet
  Signature consent;  // to that
};
/// A kind of frame newer than this version: to be ignored.
struct Unknown {};

using Message = std::variant<Unknown, Hello, Proof, Refusal, Ping, Pong, Records, Root, Digest256,
                             DigestEntries, Compared, Announce, Want, Prune, Need, Busy, Routed, Founding>;

/// The body of one frame.
Bytes encode(const Message& message);
/// Errc::invalid says what is wrong; nothing out of bounds passes.
[[nodiscard]] Result<Message> decode(std::string_view frame);

}  // namespace overlay::wire
