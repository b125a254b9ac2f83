// SPDX-License-Identifier: Apache-2.0
#include "overlay/wire/decree.h"

#include "overlay/wire/convert.h"

namespace overlay::wire {
namespace {

v1::Ballot to_proto(const consensus::Ballot& ballot) {
  v1::Ballot out;
  out.set_round(ballot.round);
  out.set_proposer(ballot.proposer.str());
  return out;
}

/// Rounds that would soon run over are nobody's.
Result<consensus::Ballot> from_proto(const v1::Ballot& ballot) {
  if (ballot.round() >= max_round) {
    return fail(Errc::invalid, "a ballot of round " + std::to_string(ballot.round()));
  }
  OVERLAY_TRY(const PublicKey proposer, PublicKey::parse(ballot.proposer()));
  return consensus::Ballot{ballot.round(), proposer};
}

Result<Bytes> bounded_value(const std::string& value) {
  if (value.size() <= max_value_bytes) return value;
  return fail(Errc::invalid, "a decree of " + std::to_string(value.size()) + " bytes, over " +
                                 std::to_string(max_value_bytes));
}

Result<consensus::RemovedNode> from_proto(const v1::Change::Removed& removed) {
  consensus::RemovedNode out;
  OVERLAY_TRY(out.node, NodeId::parse(removed.node()));
  OVERLAY_TRY(out.name, bounded_text(removed.name(), max_text, "name"));
  if (!removed.heir().empty()) {
    OVERLAY_TRY(out.heir, NodeId::parse(removed.heir()));
  }
  return out;
}

Result<consensus::Proof> proof_of(const v1::Decree& decree) {
  consensus::Proof out;
  OVERLAY_TRY(out.ballot, from_proto(decree.ballot()));
  OVERLAY_CHECK(bounded_count(decree.accepted_size(), consensus::max_voters, "voters' signatures"));
  for (const auto& accepted : decree.accepted()) {
    OVERLAY_TRY(const PublicKey voter, PublicKey::parse(accepted.voter()));
    OVERLAY_TRY(const Signature signature, Signature::parse(accepted.signature()));
    out.accepted.push_back({voter, signature});
  }
  return out;
}

}  // namespace

// ---- values ----

v1::Change to_proto(const consensus::Change& change) {
  v1::Change out;
  for (const consensus::RemovedNode& removed : change.removed) {
    auto& added = *out.add_removed();
    added.set_node(removed.node.str());
    added.set_name(removed.name);
    if (removed.heir) added.set_heir(removed.heir->str());
  }
  for (const Prefix& pool : change.pools) *out.add_pools() = to_proto(pool);
  for (const consensus::Assignment& assignment : change.assigned) {
    auto& added = *out.add_assigned();
    *added.mutable_prefix() = to_proto(assignment.prefix);
    added.set_owner(assignment.owner.str());
    added.set_above(assignment.above);
  }
  if (change.feature_level) out.set_feature_level(*change.feature_level);
  return out;
}

Result<consensus::Change> from_proto(const v1::Change& change) {
  consensus::Change out;
  OVERLAY_CHECK(bounded_count(change.removed_size(), consensus::max_removed, "removed nodes"));
  for (const auto& removed : change.removed()) {
    OVERLAY_TRY(auto node, from_proto(removed));
    out.removed.push_back(std::move(node));
  }
  OVERLAY_CHECK(bounded_count(change.pools_size(), consensus::max_prefixes, "pools"));
  for (const auto& pool : change.pools()) {
    OVERLAY_TRY(const Prefix prefix, from_proto(pool));
    out.pools.push_back(prefix);
  }
  OVERLAY_CHECK(bounded_count(change.assigned_size(), consensus::max_prefixes, "assigned prefixes"));
  for (const auto& assigned : change.assigned()) {
    OVERLAY_TRY(const Prefix prefix, from_proto(assigned.prefix()));
    OVERLAY_TRY(const NodeId owner, NodeId::parse(assigned.owner()));
    out.assigned.push_back({prefix, owner, assigned.above()});
  }
  if (change.has_feature_level()) out.feature_level = change.feature_level();
  return out;
}

Bytes encode_value(const consensus::Decree& decree) {
  v1::DecreeValue out;
  out.set_index(decree.index);
  out.set_follows(decree.follows);
  out.set_previous(decree.previous.str());
  for (const PublicKey& voter : decree.voters) out.add_voters(voter.str());
  *out.mutable_change() = to_proto(decree.change);
  return out.SerializeAsString();
}

Result<consensus::Decree> decode_value(std::string_view value) {
  v1::DecreeValue from;
  if (!from.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return fail(Errc::invalid, "a decree that does not parse");
  }
  consensus::Decree out;
  out.index = from.index();
  out.follows = from.follows();
  OVERLAY_TRY(out.previous, Digest::parse(from.previous()));
  OVERLAY_CHECK(bounded_count(from.voters_size(), consensus::max_voters, "voters"));
  for (const auto& voter : from.voters()) {
    OVERLAY_TRY(const PublicKey key, PublicKey::parse(voter));
    out.voters.push_back(key);
  }
  OVERLAY_TRY(out.change, from_proto(from.change()));
  out.hash = consensus::hash_of_value(value);
  OVERLAY_CHECK(validate(out));
  return out;
}

v1::Decree to_proto(const DecreeRecord& record) {
  v1::Decree out;
  out.set_value(record.value);
  *out.mutable_ballot() = to_proto(record.proof.ballot);
  for (const consensus::AcceptSignature& accepted : record.proof.accepted) {
    auto& added = *out.add_accepted();
    added.set_voter(accepted.voter.str());
    added.set_signature(accepted.signature.str());
  }
  return out;
}

Result<DecreeRecord> decode_decree(std::string_view body) {
  v1::Decree from;
  if (!from.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return fail(Errc::invalid, "a decree that does not parse");
  }
  DecreeRecord out;
  OVERLAY_TRY(out.value, bounded_value(from.value()));
  OVERLAY_TRY(out.decree, decode_value(out.value));
  OVERLAY_TRY(out.proof, proof_of(from));
  return out;
}

// ---- messages of Paxos ----

v1::Prepare to_proto(const consensus::Prepare& message) {
  v1::Prepare out;
  out.set_index(message.index);
  *out.mutable_ballot() = to_proto(message.ballot);
  out.set_value(message.value);
  return out;
}

v1::Promise to_proto(const consensus::Promise& message) {
  v1::Promise out;
  out.set_index(message.index);
  *out.mutable_ballot() = to_proto(message.ballot);
  if (message.accepted) {
    *out.mutable_accepted() = to_proto(message.accepted->ballot);
    out.set_value(message.accepted->value);
  }
  return out;
}

v1::Accept to_proto(const consensus::Accept& message) {
  v1::Accept out;
  out.set_index(message.index);
  *out.mutable_ballot() = to_proto(message.ballot);
  out.set_value(message.value);
  return out;
}

v1::Accepted to_proto(const consensus::Accepted& message) {
  v1::Accepted out;
  out.set_index(message.index);
  *out.mutable_ballot() = to_proto(message.ballot);
  out.set_hash(message.hash.str());
  out.set_signature(message.signature.str());
  return out;
}

v1::Nack to_proto(const consensus::Nack& message) {
  v1::Nack out;
  out.set_index(message.index);
  *out.mutable_ballot() = to_proto(message.ballot);
  *out.mutable_promised() = to_proto(message.promised);
  out.set_objection(message.objection);
  return out;
}

Result<consensus::Prepare> from_proto(const v1::Prepare& message) {
  OVERLAY_TRY(const auto ballot, from_proto(message.ballot()));
  OVERLAY_TRY(Bytes value, bounded_value(message.value()));
  return consensus::Prepare{message.index(), ballot, std::move(value)};
}

Result<consensus::Promise> from_proto(const v1::Promise& message) {
  consensus::Promise out;
  out.index = message.index();
  OVERLAY_TRY(out.ballot, from_proto(message.ballot()));
  if (message.has_accepted()) {
    OVERLAY_TRY(const auto ballot, from_proto(message.accepted()));
    OVERLAY_TRY(Bytes value, bounded_value(message.value()));
    out.accepted = consensus::Acceptance{ballot, std::move(value)};
  }
  return out;
}

Result<consensus::Accept> from_proto(const v1::Accept& message) {
  OVERLAY_TRY(const auto ballot, from_proto(message.ballot()));
  OVERLAY_TRY(Bytes value, bounded_value(message.value()));
  return consensus::Accept{message.index(), ballot, std::move(value)};
}

Result<consensus::Accepted> from_proto(const v1::Accepted& message) {
  consensus::Accepted out;
  out.index = message.index();
  OVERLAY_TRY(out.ballot, from_proto(message.ballot()));
  OVERLAY_TRY(out.hash, Digest::parse(message.hash()));
  OVERLAY_TRY(out.signature, Signature::parse(message.signature()));
  return out;
}

Result<consensus::Nack> from_proto(const v1::Nack& message) {
  consensus::Nack out;
  out.index = message.index();
  OVERLAY_TRY(out.ballot, from_proto(message.ballot()));
  OVERLAY_TRY(out.promised, from_proto(message.promised()));
  OVERLAY_TRY(out.objection, bounded_text(message.objection(), max_sentence, "objection"));
  return out;
}

}  // namespace overlay::wire
