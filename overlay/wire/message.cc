// SPDX-License-Identifier: Apache-2.0
#include "overlay/wire/message.h"

#include "overlay/wire/convert.h"

namespace overlay::wire {
namespace {

// ---- encoding: one overload a message ----

void fill(v1::Frame&, const Unknown&) {}

void fill(v1::Frame& frame, const Hello& hello) {
  auto& out = *frame.mutable_hello();
  out.set_protocol_min(hello.protocol_min);
  out.set_protocol_max(hello.protocol_max);
  if (!hello.cluster.is_zero()) out.set_cluster_id(hello.cluster.str());
  out.set_public_key(hello.public_key.str());
  out.set_incarnation(hello.incarnation);
  out.set_nonce(hello.nonce.str());
  out.set_name(hello.name);
  out.set_version(hello.version);
  for (const Prefix& pool : hello.pools) *out.add_pools() = to_proto(pool);
}

void fill(v1::Frame& frame, const Proof& proof) {
  frame.mutable_proof()->set_signature(proof.signature.str());
}
void fill(v1::Frame& frame, const Refusal& refusal) { frame.mutable_refusal()->set_text(refusal.text); }
void fill(v1::Frame& frame, const Ping& ping) { frame.mutable_ping()->set_stamp(ping.stamp); }
void fill(v1::Frame& frame, const Pong& pong) { frame.mutable_pong()->set_stamp(pong.stamp); }

void fill(v1::Frame& frame, const Records& records) {
  auto& out = *frame.mutable_records();
  for (const Bytes& envelope : records.envelopes) out.add_envelopes(envelope);
}

void fill(v1::Frame& frame, const Digest256& digest) {
  auto& out = *frame.mutable_digest();
  for (const std::uint64_t bucket : digest.buckets) out.add_buckets(bucket);
}

void fill(v1::Frame& frame, const DigestEntries& digest) {
  auto& out = *frame.mutable_digest_entries();
  for (const std::uint8_t bucket : digest.buckets) out.add_buckets(bucket);
  for (const DigestEntry& entry : digest.entries) {
    auto& added = *out.add_entries();
    added.set_key(entry.key.str());
    added.set_major(entry.version.major);
    added.set_minor(entry.version.minor);
    added.set_content(entry.content);
  }
  out.set_more(digest.more);
}

void fill(v1::Frame& frame, const Want& want) {
  auto& out = *frame.mutable_want();
  for (const RecordKey& key : want.keys) out.add_keys(key.str());
}

void fill(v1::Frame& frame, const Routed& routed) {
  auto& out = *frame.mutable_routed();
  out.set_to(routed.to.str());
  out.set_hops_left(routed.hops_left);
  for (const NodeId& node : routed.way) out.add_way(node.str());
  out.set_reply(routed.reply);
  out.set_statement(routed.statement);
}

// ---- decoding: one overload a message, each checking every size ----

Result<Message> read(const v1::Hello& from) {
  Hello out;
  out.protocol_min = from.protocol_min();
  out.protocol_max = from.protocol_max();
  if (!from.cluster_id().empty()) {
    OVERLAY_TRY(out.cluster, ClusterId::parse(from.cluster_id()));
  }
  OVERLAY_TRY(out.public_key, PublicKey::parse(from.public_key()));
  out.incarnation = from.incarnation();
  OVERLAY_TRY(out.nonce, Nonce::parse(from.nonce()));
  OVERLAY_TRY(out.name, bounded_text(from.name(), max_text, "name"));
  OVERLAY_TRY(out.version, bounded_text(from.version(), max_text, "version"));
  OVERLAY_CHECK(bounded_count(from.pools_size(), 2, "pools"));
  for (const auto& pool : from.pools()) {
    OVERLAY_TRY(const Prefix prefix, from_proto(pool));
    out.pools.push_back(prefix);
  }
  return Message(std::move(out));
}

Result<Message> read(const v1::Proof& from) {
  OVERLAY_TRY(const Signature signature, Signature::parse(from.signature()));
  return Message(Proof{signature});
}

Result<Message> read(const v1::Refusal& from) {
  OVERLAY_TRY(std::string text, bounded_text(from.text(), max_sentence, "refusal"));
  return Message(Refusal{std::move(text)});
}

Result<Message> read(const v1::Records& from) {
  OVERLAY_CHECK(bounded_count(from.envelopes_size(), max_records, "records"));
  return Message(Records{{from.envelopes().begin(), from.envelopes().end()}});
}

Result<Message> read(const v1::Digest& from) {
  if (static_cast<std::size_t>(from.buckets_size()) != digest_buckets) {
    return fail(Errc::invalid, "a digest of " + std::to_string(from.buckets_size()) + " buckets");
  }
  return Message(Digest256{{from.buckets().begin(), from.buckets().end()}});
}

Result<Message> read(const v1::DigestEntries& from) {
  OVERLAY_CHECK(bounded_count(from.buckets_size(), digest_buckets, "buckets"));
  OVERLAY_CHECK(bounded_count(from.entries_size(), max_digest_entries, "digest entries"));
  DigestEntries out;
  for (const std::uint32_t bucket : from.buckets()) {
    if (bucket >= digest_buckets) return fail(Errc::invalid, "digest bucket " + std::to_string(bucket));
    out.buckets.push_back(static_cast<std::uint8_t>(bucket));
  }
  for (const auto& entry : from.entries()) {
    OVERLAY_TRY(const RecordKey key, RecordKey::parse(entry.key()));
    out.entries.push_back({key, {entry.major(), entry.minor()}, entry.content()});
  }
  out.more = from.more();
  return Message(std::move(out));
}

Result<Message> read(const v1::Want& from) {
  OVERLAY_CHECK(bounded_count(from.keys_size(), max_digest_entries, "wanted keys"));
  Want out;
  for (const auto& key : from.keys()) {
    OVERLAY_TRY(const RecordKey parsed, RecordKey::parse(key));
    out.keys.push_back(parsed);
  }
  return Message(std::move(out));
}

Result<Message> read(const v1::Routed& from) {
  Routed out;
  OVERLAY_TRY(out.to, NodeId::parse(from.to()));
  if (from.hops_left() > max_hops)
    return fail(Errc::invalid, std::to_string(from.hops_left()) + " hops, over 32");
  out.hops_left = from.hops_left();
  OVERLAY_CHECK(bounded_count(from.way_size(), max_hops, "hops passed"));
  for (const auto& node : from.way()) {
    OVERLAY_TRY(const NodeId id, NodeId::parse(node));
    out.way.push_back(id);
  }
  out.reply = from.reply();
  out.statement = from.statement();
  return Message(std::move(out));
}

}  // namespace

Bytes encode(const Message& message) {
  v1::Frame frame;
  std::visit([&](const auto& value) { fill(frame, value); }, message);
  return frame.SerializeAsString();
}

Result<Message> decode(std::string_view bytes) {
  v1::Frame frame;
  if (!frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::invalid, "a frame that is not of this protocol");
  }
  switch (frame.kind_case()) {
    case v1::Frame::kHello:
      return read(frame.hello());
    case v1::Frame::kProof:
      return read(frame.proof());
    case v1::Frame::kRefusal:
      return read(frame.refusal());
    case v1::Frame::kPing:
      return Message(Ping{frame.ping().stamp()});
    case v1::Frame::kPong:
      return Message(Pong{frame.pong().stamp()});
    case v1::Frame::kRecords:
      return read(frame.records());
    case v1::Frame::kDigest:
      return read(frame.digest());
    case v1::Frame::kDigestEntries:
      return read(frame.digest_entries());
    case v1::Frame::kWant:
      return read(frame.want());
    case v1::Frame::kRouted:
      return read(frame.routed());
    case v1::Frame::KIND_NOT_SET:
      return Message(Unknown{});
  }
  return Message(Unknown{});
}

}  // namespace overlay::wire
