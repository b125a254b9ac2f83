// SPDX-License-Identifier: Apache-2.0
#include "overlay/wire/statement.h"

#include "overlay/wire/convert.h"
#include "overlay/wire/decree.h"

namespace overlay::wire {
namespace {

Bytes signed_bytes(const Bytes& body, const NodeId& to, const ClusterId& cluster) {
  Bytes out = "overlay statement v1";
  out += cluster.view();
  out += to.view();
  out += body;
  return out;
}

// ---- encoding: one overload a kind ----

void fill(v1::StatementBody& out, const BlockRequest& request) {
  out.mutable_block_request()->set_request(request.request.str());
  out.mutable_block_request()->set_family(static_cast<std::uint32_t>(request.family));
  if (request.named) *out.mutable_block_request()->mutable_named() = to_proto(*request.named);
}

void fill(v1::StatementBody& out, const BlockReply& reply) {
  out.mutable_block_reply()->set_request(reply.request.str());
  out.mutable_block_reply()->set_kind(static_cast<std::uint32_t>(reply.kind));
  out.mutable_block_reply()->set_text(reply.text);
}

void fill(v1::StatementBody& out, const Release& release) {
  *out.mutable_release()->mutable_prefix() = to_proto(release.prefix);
  out.mutable_release()->set_term(release.epoch.term);
  out.mutable_release()->set_seq(release.epoch.seq);
}

void fill(v1::StatementBody& out, const Return& given) {
  out.mutable_block_return()->set_release(given.release);
}

void fill(v1::StatementBody& out, const AckRequest& request) {
  out.mutable_ack_request()->set_envelope(request.envelope);
}

void fill(v1::StatementBody& out, const Ack& ack) {
  out.mutable_ack()->set_content(ack.content);
  out.mutable_ack()->set_refusal(ack.refusal);
}

void fill(v1::StatementBody& out, const CopyRequest& request) {
  out.mutable_copy_request()->set_term(request.term);
  out.mutable_copy_request()->set_seat(request.seat);
  if (request.after) *out.mutable_copy_request()->mutable_after() = to_proto(*request.after);
}

void fill(v1::StatementBody& out, const CopyReply& reply) {
  out.mutable_copy_reply()->set_term(reply.term);
  out.mutable_copy_reply()->set_seat(reply.seat);
  if (reply.after) *out.mutable_copy_reply()->mutable_after() = to_proto(*reply.after);
  for (const Bytes& envelope : reply.envelopes) out.mutable_copy_reply()->add_envelopes(envelope);
  out.mutable_copy_reply()->set_more(reply.more);
}

void fill(v1::StatementBody& out, const consensus::Prepare& message) {
  *out.mutable_prepare() = to_proto(message);
}
void fill(v1::StatementBody& out, const consensus::Promise& message) {
  *out.mutable_promise() = to_proto(message);
}
void fill(v1::StatementBody& out, const consensus::Accept& message) {
  *out.mutable_accept() = to_proto(message);
}
void fill(v1::StatementBody& out, const consensus::Accepted& message) {
  *out.mutable_accepted() = to_proto(message);
}
void fill(v1::StatementBody& out, const consensus::Nack& message) { *out.mutable_nack() = to_proto(message); }

void fill(v1::StatementBody& out, const Wish& wish) {
  out.mutable_wish()->set_request(wish.request.str());
  *out.mutable_wish()->mutable_change() = to_proto(wish.change);
}

void fill(v1::StatementBody& out, const WishReply& reply) {
  out.mutable_wish_reply()->set_request(reply.request.str());
  out.mutable_wish_reply()->set_refusal(reply.refusal);
}

/// Question and answer look alike.
template <class Proto, class Said>
void fill_nodes(Proto& out, const Said& said) {
  out.set_nonce(said.nonce);
  for (const NodeId& node : said.nodes) out.add_nodes(node.str());
}
void fill(v1::StatementBody& out, const PathQuestion& question) {
  fill_nodes(*out.mutable_path_question(), question);
}
void fill(v1::StatementBody& out, const PathAnswer& answer) {
  fill_nodes(*out.mutable_path_answer(), answer);
}

void fill(v1::Life& out, const Life& life) {
  out.set_incarnation(life.incarnation);
  out.set_pulse(life.pulse);
  out.set_nonce(life.nonce.str());
}

void fill(v1::StatementBody& out, const Register& asked) {
  auto& body = *out.mutable_register_();
  body.set_term(asked.term);
  fill(*body.mutable_life(), asked.life);
  body.set_against(asked.against);
  for (const Prefix& block : asked.blocks) *body.add_blocks() = to_proto(block);
  if (asked.after) *body.mutable_after() = to_proto(*asked.after);
}

void fill(v1::StatementBody& out, const RegisterReply& reply) {
  auto& body = *out.mutable_register_reply();
  body.set_term(reply.term);
  fill(*body.mutable_life(), reply.life);
  body.set_kind(static_cast<std::uint32_t>(reply.kind));
  if (reply.known) fill(*body.mutable_known(), *reply.known);
  if (reply.after) *body.mutable_after() = to_proto(*reply.after);
  for (const Bytes& envelope : reply.envelopes) body.add_envelopes(envelope);
  for (const Prefix& prefix : reply.released) *body.add_released() = to_proto(prefix);
  body.set_more(reply.more);
}

void fill(v1::StatementBody& out, const RegistryRequest& request) {
  out.mutable_registry_request()->set_term(request.term);
  out.mutable_registry_request()->set_after(request.after.str());
}

void fill(v1::StatementBody& out, const RegistryReply& reply) {
  auto& body = *out.mutable_registry_reply();
  body.set_term(reply.term);
  body.set_after(reply.after.str());
  for (const auto& [node, life] : reply.entries) {
    auto& entry = *body.add_entries();
    entry.set_node(node.str());
    fill(*entry.mutable_life(), life);
  }
  body.set_more(reply.more);
}

// ---- decoding: one overload a kind, each checking every size ----

Result<StatementBody> read(const v1::BlockRequest& from) {
  BlockRequest out;
  OVERLAY_TRY(out.request, RequestId::parse(from.request()));
  OVERLAY_TRY(out.family, family_from(from.family()));
  if (!from.has_named()) return StatementBody(out);
  OVERLAY_TRY(out.named, from_proto(from.named()));
  if (out.named->family() == out.family) return StatementBody(out);
  return fail(Errc::invalid, "a block request of one family that names a block of the other");
}

Result<StatementBody> read(const v1::BlockReply& from) {
  BlockReply out;
  OVERLAY_TRY(out.request, RequestId::parse(from.request()));
  if (from.kind() < 1 || from.kind() > 3) {
    return fail(Errc::invalid, "a block reply of kind " + std::to_string(from.kind()));
  }
  out.kind = static_cast<BlockReply::Kind>(from.kind());
  OVERLAY_TRY(out.text, bounded_text(from.text(), max_sentence, "block reply"));
  return StatementBody(std::move(out));
}

Result<StatementBody> read(const v1::Release& from) {
  OVERLAY_TRY(const Prefix prefix, from_proto(from.prefix()));
  return StatementBody(Release{prefix, {from.term(), from.seq()}});
}

Result<StatementBody> read(const v1::Return& from) { return StatementBody(Return{from.release()}); }

Result<StatementBody> read(const v1::AckRequest& from) { return StatementBody(AckRequest{from.envelope()}); }

Result<StatementBody> read(const v1::Ack& from) {
  OVERLAY_TRY(std::string refusal, bounded_text(from.refusal(), max_sentence, "refusal"));
  return StatementBody(Ack{from.content(), std::move(refusal)});
}

template <class Proto>
Result<std::optional<Prefix>> read_after(const Proto& from) {
  if (!from.has_after()) return std::optional<Prefix>();
  OVERLAY_TRY(const Prefix after, from_proto(from.after()));
  return std::optional<Prefix>(after);
}

Result<StatementBody> read(const v1::CopyRequest& from) {
  OVERLAY_TRY(const auto after, read_after(from));
  return StatementBody(CopyRequest{from.term(), from.seat(), after});
}

Result<StatementBody> read(const v1::CopyReply& from) {
  OVERLAY_CHECK(bounded_count(from.envelopes_size(), max_records, "records"));
  OVERLAY_TRY(const auto after, read_after(from));
  return StatementBody(CopyReply{
      from.term(), from.seat(), after, {from.envelopes().begin(), from.envelopes().end()}, from.more()});
}

Result<StatementBody> read(const v1::Wish& from) {
  Wish out;
  OVERLAY_TRY(out.request, RequestId::parse(from.request()));
  OVERLAY_TRY(out.change, from_proto(from.change()));
  return StatementBody(std::move(out));
}

Result<StatementBody> read(const v1::WishReply& from) {
  WishReply out;
  OVERLAY_TRY(out.request, RequestId::parse(from.request()));
  OVERLAY_TRY(out.refusal, bounded_text(from.refusal(), max_sentence, "refusal"));
  return StatementBody(std::move(out));
}

template <class Said, class Proto>
Result<StatementBody> read_nodes(const Proto& from) {
  OVERLAY_CHECK(bounded_count(from.nodes_size(), max_asked, "nodes"));
  Said out{from.nonce(), {}};
  for (const std::string& node : from.nodes()) {
    OVERLAY_TRY(const NodeId id, NodeId::parse(node));
    out.nodes.push_back(id);
  }
  return StatementBody(std::move(out));
}

Result<StatementBody> read(const v1::PathQuestion& from) { return read_nodes<PathQuestion>(from); }
Result<StatementBody> read(const v1::PathAnswer& from) { return read_nodes<PathAnswer>(from); }
Result<Life> read(const v1::Life& from) {
  Life out{from.incarnation(), from.pulse(), {}};
  OVERLAY_TRY(out.nonce, Nonce::parse(from.nonce()));
  return out;
}

template <class Repeated>
Result<std::vector<Prefix>> read_prefixes(const Repeated& from) {
  OVERLAY_CHECK(bounded_count(from.size(), max_own_blocks, "blocks"));
  std::vector<Prefix> out;
  for (const auto& each : from) {
    OVERLAY_TRY(const Prefix prefix, from_proto(each));
    out.push_back(prefix);
  }
  return out;
}

Result<StatementBody> read(const v1::Register& from) {
  Register out;
  out.term = from.term();
  OVERLAY_TRY(out.life, read(from.life()));
  out.against = from.against();
  OVERLAY_TRY(out.blocks, read_prefixes(from.blocks()));
  OVERLAY_TRY(out.after, read_after(from));
  return StatementBody(std::move(out));
}

Result<StatementBody> read(const v1::RegisterReply& from) {
  if (from.kind() < 1 || from.kind() > 4) {
    return fail(Errc::invalid, "a reply to a registration of kind " + std::to_string(from.kind()));
  }
  OVERLAY_CHECK(bounded_count(from.envelopes_size(), max_records, "records"));
  RegisterReply out;
  out.term = from.term();
  OVERLAY_TRY(out.life, read(from.life()));
  out.kind = static_cast<RegisterReply::Kind>(from.kind());
  if (from.has_known()) {
    OVERLAY_TRY(out.known, read(from.known()));
  }
  OVERLAY_TRY(out.after, read_after(from));
  out.envelopes.assign(from.envelopes().begin(), from.envelopes().end());
  OVERLAY_TRY(out.released, read_prefixes(from.released()));
  out.more = from.more();
  return StatementBody(std::move(out));
}

Result<StatementBody> read(const v1::RegistryRequest& from) {
  RegistryRequest out{from.term(), {}};
  OVERLAY_TRY(out.after, NodeId::parse(from.after()));
  return StatementBody(out);
}

Result<StatementBody> read(const v1::RegistryReply& from) {
  OVERLAY_CHECK(bounded_count(from.entries_size(), max_records, "registrations"));
  RegistryReply out;
  out.term = from.term();
  OVERLAY_TRY(out.after, NodeId::parse(from.after()));
  for (const auto& entry : from.entries()) {
    OVERLAY_TRY(const NodeId node, NodeId::parse(entry.node()));
    OVERLAY_TRY(const Life life, read(entry.life()));
    out.entries.emplace_back(node, life);
  }
  out.more = from.more();
  return StatementBody(std::move(out));
}

/// A message of Paxos, which decree.h reads.
template <class Proto>
Result<StatementBody> read(const Proto& from) {
  OVERLAY_TRY(auto message, from_proto(from));
  return StatementBody(std::move(message));
}

Result<StatementBody> read_body(const Bytes& bytes) {
  v1::StatementBody body;
  if (!body.ParseFromString(bytes)) return fail(Errc::invalid, "a statement that does not parse");
  switch (body.kind_case()) {
    case v1::StatementBody::kBlockRequest:
      return read(body.block_request());
    case v1::StatementBody::kBlockReply:
      return read(body.block_reply());
    case v1::StatementBody::kRelease:
      return read(body.release());
    case v1::StatementBody::kBlockReturn:
      return read(body.block_return());
    case v1::StatementBody::kAckRequest:
      return read(body.ack_request());
    case v1::StatementBody::kAck:
      return read(body.ack());
    case v1::StatementBody::kCopyRequest:
      return read(body.copy_request());
    case v1::StatementBody::kCopyReply:
      return read(body.copy_reply());
    case v1::StatementBody::kPrepare:
      return read(body.prepare());
    case v1::StatementBody::kPromise:
      return read(body.promise());
    case v1::StatementBody::kAccept:
      return read(body.accept());
    case v1::StatementBody::kAccepted:
      return read(body.accepted());
    case v1::StatementBody::kNack:
      return read(body.nack());
    case v1::StatementBody::kWish:
      return read(body.wish());
    case v1::StatementBody::kWishReply:
      return read(body.wish_reply());
    case v1::StatementBody::kPathQuestion:
      return read(body.path_question());
    case v1::StatementBody::kPathAnswer:
      return read(body.path_answer());
    case v1::StatementBody::kRegister:
      return read(body.register_());
    case v1::StatementBody::kRegisterReply:
      return read(body.register_reply());
    case v1::StatementBody::kRegistryRequest:
      return read(body.registry_request());
    case v1::StatementBody::kRegistryReply:
      return read(body.registry_reply());
    case v1::StatementBody::KIND_NOT_SET:
      break;
  }
  return fail(Errc::unsupported, "a statement of a kind this version does not know");
}

}  // namespace

Bytes sign_statement(const StatementBody& body, const NodeId& to, const KeyPair& author,
                     const ClusterId& cluster) {
  v1::StatementBody inner;
  std::visit([&](const auto& value) { fill(inner, value); }, body);
  v1::Statement out;
  out.set_author(author.public_key.str());
  out.set_body(inner.SerializeAsString());
  out.set_signature(author.sign(signed_bytes(out.body(), to, cluster)).str());
  return out.SerializeAsString();
}

Result<Statement> open_statement(std::string_view bytes, const NodeId& to, const ClusterId& cluster) {
  v1::Statement from;
  if (!from.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::invalid, "a statement that does not parse");
  }
  OVERLAY_TRY(const PublicKey author, PublicKey::parse(from.author()));
  OVERLAY_TRY(const Signature signature, Signature::parse(from.signature()));
  OVERLAY_TRY(StatementBody body, read_body(from.body()));
  if (!verify(author, signed_bytes(from.body(), to, cluster), signature)) {
    return fail(Errc::invalid, "a statement whose signature does not verify");
  }
  return Statement{author, std::move(body)};
}

}  // namespace overlay::wire
