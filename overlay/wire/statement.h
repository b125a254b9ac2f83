// SPDX-License-Identifier: Apache-2.0
// Statements: what one node says to another through others. Each is signed by who says it, for one hearer in
// one cluster, so no hop on the way can change it, keep it for somebody else or speak for its author.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/consensus/paxos.h"
#include "overlay/wire/record.h"

namespace overlay::wire {

/// A node asks a voter for a block.
struct BlockRequest {
  RequestId request;  // durable at the requester; a voter answers it once
  Family family = Family::v4;
  std::optional<Prefix> named;  // this one, of that family; none: any
};
/// The record itself comes by gossip.
struct BlockReply {
  enum class Kind : std::uint8_t { granted = 1, waiting = 2, refused = 3 };
  RequestId request;
  Kind kind = Kind::granted;  // waiting: granted, not yet in force
  std::string text;           // for what it waits, or why it was refused
};

/// A node gives up a block it owns. It is said to everybody: part of the record that takes the block back.
struct Release {
  Prefix prefix;
  ipam::Epoch epoch;  // of the ownership that ends
};
/// A node returns a block to the voter that holds its seat.
struct Return {
  Bytes release;  // the signed Release
};

/// A voter asks another to keep its block record, which is in force when a majority of the voters keeps it.
struct AckRequest {
  Bytes envelope;
};
struct Ack {
  std::uint64_t content = 0;  // of the record
  std::string refusal;        // empty: it is on this voter's disk
};

/// The new holder of a seat asks what the voters of the decree before have acknowledged there.
struct CopyRequest {
  std::uint64_t term = 0;  // since which decree the asker holds it
  std::uint32_t seat = 0;
  std::optional<Prefix> after;  // it has the records up to here
};
struct CopyReply {
  std::uint64_t term = 0;  // as asked; the answerer knows this decree and acknowledges nothing older
  std::uint32_t seat = 0;
  std::optional<Prefix> after;   // as asked
  std::vector<Bytes> envelopes;  // by prefix
  bool more = false;
};

/// A node asks a voter to have a change decreed. The answer is the decree; only a refusal has a reply.
struct Wish {
  RequestId request;
  consensus::Change change;
};
struct WishReply {
  RequestId request;
  std::string refusal;
};

/// A node that looks for a relay asks whether another one reaches some peers: straight, and now.
struct PathQuestion {
  std::uint64_t nonce = 0;
  std::vector<NodeId> nodes;
};
struct PathAnswer {
  std::uint64_t nonce = 0;    // of the question
  std::vector<NodeId> nodes;  // those it reaches
};

/// One life of a node: numbers order the lives of an id, the nonce says who lives it.
struct Life {
  std::uint64_t incarnation = 0;
  std::uint64_t pulse = 0;  // rises while a voter lives, so that its disk cannot fall back unseen
  Nonce nonce;              // drawn once a boot

  /// This one began, or went on, after `other`.
  bool is_after(const Life& other) const {
    return std::pair(incarnation, pulse) > std::pair(other.incarnation, other.pulse);
  }
  friend bool operator==(const Life&, const Life&) = default;
};

/// A node registers its life with a voter.
struct Register {
  std::uint64_t term = 0;  // since which decree these voters vote
  Life life;
  std::uint64_t against = 0;    // the incarnation of somebody else under its id, whom it objects to
  std::vector<Prefix> blocks;   // what it believes it owns
  std::optional<Prefix> after;  // it has the records up to here
};
struct RegisterReply {
  enum class Kind : std::uint8_t {
    accepted = 1,
    waiting = 2,  // whoever was registered before is given time to object
    behind = 3,   // a later life is registered
    refused = 4,  // whoever is registered has objected
  };
  std::uint64_t term = 0;  // as asked
  Life life;               // as asked
  Kind kind = Kind::accepted;
  std::optional<Life> known;    // registered before
  std::optional<Prefix> after;  // as asked
  std::vector<Bytes>
      envelopes;  // in force, by prefix: what it owns, and what took away what it believes it owns
  std::vector<Prefix> released;  // what is taken away by records not in force yet
  bool more = false;
};

/// A voter asks the voters before a decree for their register, before it answers any Register under it.
struct RegistryRequest {
  std::uint64_t term = 0;
  NodeId after;  // it has the nodes up to here; zero: none
};
struct RegistryReply {
  std::uint64_t term = 0;
  NodeId after;
  std::vector<std::pair<NodeId, Life>> entries;  // by id
  bool more = false;
};

using StatementBody = std::variant<BlockRequest, BlockReply, Release, Return, AckRequest, Ack, CopyRequest,
                                   CopyReply, consensus::Prepare, consensus::Promise, consensus::Accept,
                                   consensus::Accepted, consensus::Nack, Wish, WishReply, PathQuestion,
                                   PathAnswer, Register, RegisterReply, RegistryRequest, RegistryReply>;

struct Statement {
  PublicKey author;
  StatementBody body;

  NodeId from() const { return hash_id<NodeId>(author.view()); }
};

/// The hearer of what is said to everybody.
inline constexpr NodeId everybody{};

/// Says `body` to `to`.
Bytes sign_statement(const StatementBody& body, const NodeId& to, const KeyPair& author,
                     const ClusterId& cluster);
/// Errc::invalid when it is malformed, for another node or cluster, or not by its author; Errc::unsupported
/// for a kind this version does not know.
[[nodiscard]] Result<Statement> open_statement(std::string_view bytes, const NodeId& to,
                                               const ClusterId& cluster);

}  // namespace overlay::wire
