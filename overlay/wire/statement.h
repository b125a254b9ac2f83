// SPDX-License-Identifier: Apache-2.0
// Statements: what one node says to another through others. Each is signed by who says it, for one hearer in
// one cluster, so no hop on the way can change it, keep it for somebody else or speak for its author.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "overlay/consensus/paxos.h"
#include "overlay/wire/record.h"

namespace overlay::wire {

/// A node asks a voter for a block.
struct BlockRequest {
  RequestId request;  // durable at the requester; a voter answers it once
  Family family = Family::v4;
};
struct BlockReply {
  RequestId request;
  Bytes envelope;       // the block record; empty: refused
  std::string refusal;  // why
};

/// A node gives a block it owns back to the seat's voter. It is part of the record that takes the block back.
struct Release {
  Prefix prefix;
  ipam::Epoch epoch;  // of the ownership that ends
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
  std::uint64_t term = 0;  // the newest decree the asker knows
  std::uint32_t seat = 0;
  std::uint32_t skip = 0;  // records it has of this answerer already
};
struct CopyReply {
  std::uint64_t term = 0;  // as asked; the answerer knows this decree and acknowledges nothing older
  std::uint32_t seat = 0;
  std::uint32_t skip = 0;
  std::vector<Bytes> envelopes;
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

using StatementBody = std::variant<BlockRequest, BlockReply, Release, AckRequest, Ack, CopyRequest, CopyReply,
                                   consensus::Prepare, consensus::Promise, consensus::Accept,
                                   consensus::Accepted, consensus::Nack, Wish, WishReply>;

struct Statement {
  PublicKey author;
  StatementBody body;

  NodeId from() const { return hash_id<NodeId>(author.view()); }
};

/// Says `body` to `to`.
Bytes sign_statement(const StatementBody& body, const NodeId& to, const KeyPair& author,
                     const ClusterId& cluster);
/// Errc::invalid when it is malformed, for another node or cluster, or not by its author; Errc::unsupported
/// for a kind this version does not know.
[[nodiscard]] Result<Statement> open_statement(std::string_view bytes, const NodeId& to,
                                               const ClusterId& cluster);

}  // namespace overlay::wire
