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
  out.set_purpose(static_cast<std::uint32_t>(hello.purpose));
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
  out.set_repair(records.repair);
}

void fill(v1::Frame& frame, const Root& root) {
  frame.mutable_root()->set_hash(root.hash);
  frame.mutable_root()->set_count(root.count);
}

void fill(v1::Frame& frame, const Digest256& digest) {
  auto& out = *frame.mutable_digest();
  for (const std::uint64_t bucket : digest.buckets) out.add_buckets(bucket);
}

void fill(v1::Entries& out, const std::vector<DigestEntry>& entries) {
  for (const DigestEntry& entry : entries) {
    out.add_keys(entry.key);
    out.add_majors(entry.version.major);
    out.add_minors(entry.version.minor);
    out.add_contents(entry.content);
  }
}

void fill(v1::Frame& frame, const DigestEntries& digest) {
  auto& out = *frame.mutable_digest_entries();
  for (const std::uint8_t bucket : digest.buckets) out.add_buckets(bucket);
  fill(*out.mutable_entries(), digest.entries);
  out.set_more(digest.more);
}

void fill(v1::Frame& frame, const Compared&) { frame.mutable_compared(); }
void fill(v1::Frame& frame, const Announce& announce) {
  fill(*frame.mutable_announce()->mutable_entries(), announce.entries);
}

void fill(v1::Frame& frame, const Want& want) {
  auto& out = *frame.mutable_want();
  for (const KeyHash key : want.keys) out.add_keys(key);
  out.set_graft(want.graft);
}

void fill(v1::Frame& frame, const Prune&) { frame.mutable_prune(); }
void fill(v1::Frame& frame, const Need& need) { frame.mutable_need()->set_needed(need.needed); }

void fill(v1::Frame& frame, const Busy& busy) {
  auto& out = *frame.mutable_busy();
  for (const Endpoint& contact : busy.contacts) *out.add_contacts() = to_proto(contact);
}

void fill(v1::Frame& frame, const Routed& routed) {
  auto& out = *frame.mutable_routed();
  out.set_to(routed.to.str());
  out.set_hops_left(routed.hops_left);
  for (const NodeId& node : routed.way) out.add_way(node.str());
  out.set_reply(routed.reply);
  out.set_statement(routed.statement);
}

void fill(v1::Frame& frame, const Founding& founding) {
  auto& out = *frame.mutable_founding();
  out.set_list(founding.list.str());
  if (founding.proposal.empty()) return;
  out.set_proposal(founding.proposal);
  out.set_consent(founding.consent.str());
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
  if (from.purpose() <= static_cast<std::uint32_t>(Purpose::seek))
    out.purpose = static_cast<Purpose>(from.purpose());
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
  return Message(Records{{from.envelopes().begin(), from.envelopes().end()}, from.repair()});
}

Result<Message> read(const v1::Digest& from) {
  if (static_cast<std::size_t>(from.buckets_size()) != digest_buckets) {
    return fail(Errc::invalid, "a digest of " + std::to_string(from.buckets_size()) + " buckets");
  }
  return Message(Digest256{{from.buckets().begin(), from.buckets().end()}});
}

Result<std::vector<DigestEntry>> read(const v1::Entries& from) {
  OVERLAY_CHECK(bounded_count(from.keys_size(), max_digest_entries, "digest entries"));
  const int count = from.keys_size();
  if (from.majors_size() != count || from.minors_size() != count || from.contents_size() != count) {
    return fail(Errc::invalid, "digest entries whose columns differ in length");
  }
  std::vector<DigestEntry> out;
  for (int i = 0; i < count; ++i) {
    out.push_back({from.keys(i), {from.majors(i), from.minors(i)}, from.contents(i)});
  }
  return out;
}

Result<Message> read(const v1::Announce& from) {
  Announce out;
  OVERLAY_TRY(out.entries, read(from.entries()));
  return Message(std::move(out));
}

Result<Message> read(const v1::Busy& from) {
  OVERLAY_CHECK(bounded_count(from.contacts_size(), max_contacts, "contacts"));
  Busy out;
  for (const auto& contact : from.contacts()) {
    OVERLAY_TRY(const Endpoint endpoint, from_proto(contact));
    out.contacts.push_back(endpoint);
  }
  return Message(std::move(out));
}

Result<Message> read(const v1::DigestEntries& from) {
  OVERLAY_CHECK(bounded_count(from.buckets_size(), digest_buckets, "buckets"));
  DigestEntries out;
  OVERLAY_TRY(out.entries, read(from.entries()));
  for (const std::uint32_t bucket : from.buckets()) {
    if (bucket >= digest_buckets) return fail(Errc::invalid, "digest bucket " + std::to_string(bucket));
    out.buckets.push_back(static_cast<std::uint8_t>(bucket));
  }
  out.more = from.more();
  return Message(std::move(out));
}

Result<Message> read(const v1::Want& from) {
  OVERLAY_CHECK(bounded_count(from.keys_size(), max_digest_entries, "wanted keys"));
  return Message(Want{{from.keys().begin(), from.keys().end()}, from.graft()});
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

Result<Message> read(const v1::Founding& from) {
  Founding out;
  OVERLAY_TRY(out.list, Digest::parse(from.list()));
  if (from.proposal().empty()) return Message(std::move(out));
  out.proposal = from.proposal();
  OVERLAY_TRY(out.consent, Signature::parse(from.consent()));
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
    case v1::Frame::kRoot:
      return Message(Root{frame.root().hash(), frame.root().count()});
    case v1::Frame::kDigest:
      return read(frame.digest());
    case v1::Frame::kDigestEntries:
      return read(frame.digest_entries());
    case v1::Frame::kCompared:
      return Message(Compared{});
    case v1::Frame::kAnnounce:
      return read(frame.announce());
    case v1::Frame::kWant:
      return read(frame.want());
    case v1::Frame::kPrune:
      return Message(Prune{});
    case v1::Frame::kNeed:
      return Message(Need{frame.need().needed()});
    case v1::Frame::kBusy:
      return read(frame.busy());
    case v1::Frame::kRouted:
      return read(frame.routed());
    case v1::Frame::kFounding:
      return read(frame.founding());
    case v1::Frame::KIND_NOT_SET:
      return Message(Unknown{});
  }
  return Message(Unknown{});
}

}  // namespace overlay::wire
