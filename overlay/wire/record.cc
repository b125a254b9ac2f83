// SPDX-License-Identifier: Apache-2.0
#include "overlay/wire/record.h"

#include <algorithm>

#include "overlay/wire/convert.h"
#include "overlay/wire/decree.h"

namespace overlay::wire {
namespace {

RecordKey make_key(RecordKind kind, std::string_view subject) {
  RecordKey out;
  out.bytes[0] = static_cast<std::uint8_t>(kind);
  std::copy(subject.begin(), subject.end(), out.bytes.begin() + 1);
  return out;
}

RecordKind kind_of(const RecordBody& body) {
  static constexpr RecordKind kinds[] = {RecordKind::decree, RecordKind::node,   RecordKind::links,
                                         RecordKind::block,  RecordKind::decree, RecordKind::fork};
  return kinds[body.index()];
}

/// Which decree a body is; genesis is the first.
std::uint64_t index_of(const RecordBody& body) {
  const auto* record = std::get_if<DecreeRecord>(&body);
  return record == nullptr ? 0 : record->decree.index;
}

/// One fork a prefix and epoch: of more than two records that contradict each other two are evidence enough.
RecordKey fork_key(const ForkRecord& fork) {
  Bytes subject = "overlay fork v1" + block_key(fork.prefix()).str();
  append_be(subject, fork.first.epoch.term);
  append_be(subject, fork.first.epoch.seq);
  return make_key(RecordKind::fork, sha256(subject).view().substr(0, RecordKey::size - 1));
}

RecordKey key_of(const RecordBody& body, const NodeId& author) {
  switch (kind_of(body)) {
    case RecordKind::decree:
      return decree_key(index_of(body));
    case RecordKind::node:
      return node_key(author);
    case RecordKind::links:
      return links_key(author);
    case RecordKind::block:
      return block_key(std::get<ipam::BlockRecord>(body).prefix);
    case RecordKind::fork:
      return fork_key(std::get<ForkRecord>(body));
  }
  return {};
}

/// Genesis is signed before there is a cluster id; every other record is bound to its cluster.
Bytes signed_bytes(const v1::Envelope& envelope, const ClusterId& cluster) {
  const bool genesis =
      envelope.kind() == static_cast<std::uint32_t>(RecordKind::decree) && envelope.minor() == 0;
  Bytes out = "overlay record v1";
  out += (genesis ? ClusterId{} : cluster).view();
  append_be(out, envelope.kind());
  append_be(out, std::uint64_t{envelope.major()});
  append_be(out, std::uint64_t{envelope.minor()});
  out += envelope.body();
  return out;
}

std::uint64_t content_hash(const RecordBody& body, std::string_view envelope) {
  const auto* decree = std::get_if<DecreeRecord>(&body);
  const auto* fork = std::get_if<ForkRecord>(&body);
  const Digest digest = decree != nullptr ? decree->decree.hash
                        : fork != nullptr ? sha256(fork->one + fork->other)
                                          : sha256(envelope);
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = out << 8 | digest.bytes[i];
  return out;
}

Result<RecordBody> decode_decree_body(const v1::Envelope& envelope) {
  if (envelope.major() != 0) return fail(Errc::unsupported, "a decree this version does not know");
  if (envelope.minor() == 0) {
    OVERLAY_TRY(auto genesis, decode_genesis(envelope.body()));
    return RecordBody(std::move(genesis));
  }
  OVERLAY_TRY(auto record, decode_decree(envelope.body()));
  if (record.decree.index == envelope.minor()) return RecordBody(std::move(record));
  return fail(Errc::invalid, "decree " + std::to_string(record.decree.index) + " under the number " +
                                 std::to_string(envelope.minor()));
}

Result<ForkRecord> decode_fork(const v1::Envelope& envelope) {
  v1::Fork from;
  if (!from.ParseFromString(envelope.body())) return fail(Errc::invalid, "a fork that does not parse");
  OVERLAY_TRY(auto fork, make_fork(from.one(), from.other()));
  const bool in_order = fork.one == from.one();
  if (in_order && ipam::Epoch{envelope.major(), envelope.minor()} == fork.first.epoch) return fork;
  return fail(Errc::invalid, "a fork under another number than its records have");
}

Result<RecordBody> decode_body(const v1::Envelope& envelope) {
  switch (static_cast<RecordKind>(envelope.kind())) {
    case RecordKind::decree:
      return decode_decree_body(envelope);
    case RecordKind::node: {
      OVERLAY_TRY(auto info, decode_node_info(envelope.body()));
      return RecordBody(std::move(info));
    }
    case RecordKind::links: {
      OVERLAY_TRY(auto links, decode_link_set(envelope.body()));
      return RecordBody(std::move(links));
    }
    case RecordKind::block: {
      OVERLAY_TRY(auto block, decode_block(envelope.body(), {envelope.major(), envelope.minor()}));
      return RecordBody(std::move(block));
    }
    case RecordKind::fork: {
      OVERLAY_TRY(auto fork, decode_fork(envelope));
      return RecordBody(std::move(fork));
    }
  }
  return fail(Errc::unsupported, "a record of kind " + std::to_string(envelope.kind()));
}

/// Only a founder may sign the genesis that names it; other kinds are judged by those who know the cluster.
Status check_author(const RecordBody& body, const PublicKey& author) {
  const auto* genesis = std::get_if<consensus::Genesis>(&body);
  if (genesis == nullptr) return {};
  const auto& voters = genesis->voters;
  if (std::find(voters.begin(), voters.end(), author) != voters.end()) return {};
  return fail(Errc::invalid, "a genesis that none of its voters signed");
}

}  // namespace

RecordKey node_key(const NodeId& node) { return make_key(RecordKind::node, node.view()); }
RecordKey links_key(const NodeId& node) { return make_key(RecordKind::links, node.view()); }

RecordKey block_key(const Prefix& prefix) {
  Bytes subject(1, static_cast<char>(prefix.family()));
  subject += prefix.address().bytes();
  subject.resize(17);
  subject.push_back(static_cast<char>(prefix.length()));
  return make_key(RecordKind::block, subject);
}

RecordKey decree_key(std::uint64_t index) {
  Bytes subject;
  append_be(subject, index);
  return make_key(RecordKind::decree, subject);
}

/// FNV-1a with a last mix (Murmur3's), for keys that differ in their last bits only.
KeyHash hash_of(const RecordKey& key) {
  KeyHash hash = 0xcbf29ce484222325U;
  for (const std::uint8_t byte : key.bytes) hash = (hash ^ byte) * 0x100000001b3U;
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdU;
  return hash ^ hash >> 33;
}

NodeHandle handle_of(const NodeId& node) {
  NodeHandle out = 0;
  for (std::size_t i = 0; i < sizeof(out); ++i) out = out << 8 | node.bytes[i];
  return out;
}

NodeId node_of(const RecordKey& key) { return NodeId::parse(key.view().substr(1, NodeId::size)).value(); }

Record seal(const RecordBody& body, RecordVersion version, const KeyPair& author, const ClusterId& cluster) {
  if (const auto* block = std::get_if<ipam::BlockRecord>(&body))
    version = {block->epoch.term, block->epoch.seq};
  if (const auto* fork = std::get_if<ForkRecord>(&body)) {
    version = {fork->first.epoch.term, fork->first.epoch.seq};
  }
  if (kind_of(body) == RecordKind::decree) version = {0, index_of(body)};
  v1::Envelope envelope;
  envelope.set_kind(static_cast<std::uint32_t>(kind_of(body)));
  envelope.set_author(author.public_key.str());
  envelope.set_major(version.major);
  envelope.set_minor(version.minor);
  envelope.set_body(encode_body(body));
  envelope.set_signature(author.sign(signed_bytes(envelope, cluster)).str());
  Record out{key_of(body, author.node_id()), version, author.public_key, body,
             envelope.SerializeAsString(),   0};
  out.content = content_hash(body, out.envelope);
  return out;
}

Result<Record> read(std::string_view bytes) {
  v1::Envelope envelope;
  if (!envelope.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::invalid, "a record that does not parse");
  }
  OVERLAY_TRY(const PublicKey author, PublicKey::parse(envelope.author()));
  OVERLAY_CHECK(Signature::parse(envelope.signature()));
  OVERLAY_TRY(RecordBody body, decode_body(envelope));
  OVERLAY_CHECK(check_author(body, author));
  const RecordKey key = key_of(body, hash_id<NodeId>(author.view()));
  const RecordVersion version{envelope.major(), envelope.minor()};
  const std::uint64_t content = content_hash(body, bytes);
  return Record{key, version, author, std::move(body), Bytes(bytes), content};
}

Status check_signature(const Record& record, const ClusterId& cluster) {
  v1::Envelope envelope;
  const Bytes& bytes = record.envelope;
  const bool parsed = envelope.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  const auto signature = Signature::parse(envelope.signature());
  if (parsed && signature && verify(record.author, signed_bytes(envelope, cluster), *signature)) return {};
  return fail(Errc::invalid, "a record whose signature does not verify");
}

Result<Record> open(std::string_view bytes, const ClusterId& cluster) {
  OVERLAY_TRY(Record record, read(bytes));
  OVERLAY_CHECK(check_signature(record, cluster));
  return record;
}

Result<ForkRecord> make_fork(const Bytes& one, const Bytes& other) {
  ForkRecord out{std::min(one, other), std::max(one, other), {}, {}};
  for (auto [envelope, block] : {std::pair(&out.one, &out.first), std::pair(&out.other, &out.second)}) {
    v1::Envelope parsed;
    const bool of_a_block =
        parsed.ParseFromString(*envelope) && parsed.kind() == static_cast<std::uint32_t>(RecordKind::block);
    if (!of_a_block) return fail(Errc::invalid, "a fork of something else than block records");
    OVERLAY_TRY(const Record record, read(*envelope));
    *block = std::get<ipam::BlockRecord>(record.body);
  }
  const bool contradict = out.first.epoch == out.second.epoch && out.first != out.second &&
                          out.first.prefix.overlaps(out.second.prefix);
  if (!contradict) return fail(Errc::invalid, "a fork of records that do not contradict each other");
  return out;
}

ClusterId cluster_of(const Record& genesis) {
  v1::Envelope envelope;
  envelope.ParseFromString(genesis.envelope);
  return hash_id<ClusterId>("overlay genesis v1" + envelope.body());
}

}  // namespace overlay::wire
