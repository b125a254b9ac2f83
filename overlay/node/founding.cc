// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/founding.h"

#include <algorithm>

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration say_again = 1s;
constexpr std::size_t most_heard = 64;  // strangers that say they found something

consensus::Genesis wanted(const Config& config) {
  consensus::Genesis out = config.genesis;
  std::sort(out.pools.begin(), out.pools.end());
  return out;
}

/// Of what all founders must have been told alike: whom they expect, and what to found.
Digest hash_of(const Config& config) {
  Bytes text = "overlay founders v1 " + std::to_string(config.bootstrap_expect);
  for (const HostPort& target : config.join) text += " " + target.text();
  const consensus::Genesis genesis = wanted(config);
  for (const Prefix& pool : genesis.pools) text += " " + pool.text();
  for (const std::uint32_t value : {static_cast<std::uint32_t>(genesis.block_length_v4),
                                    static_cast<std::uint32_t>(genesis.block_length_v6),
                                    std::uint32_t{genesis.vxlan_port}, genesis.vni}) {
    text += " " + std::to_string(value);
  }
  return sha256(text);
}

Bytes consent(const Digest& list, const Bytes& proposal) {
  return "overlay founding v1" + list.str() + sha256(proposal).str();
}

}  // namespace

void Founding::start(Time now) {
  list_ = hash_of(context_.config);
  if (expected() != 0) say_at_ = now;
}

// ---- the founders ----

/// Which of the founders this host is, once its own call has come back to it.
std::optional<std::size_t> Founding::position() const {
  const auto& targets = context_.mesh->dialer().targets();
  for (std::size_t i = 0; i < expected() && i < targets.size(); ++i) {
    if (targets[i].is_self) return i;
  }
  return std::nullopt;
}

/// Nothing while there is no session with it.
std::optional<PublicKey> Founding::key_of(std::size_t position) const {
  const mesh::Target& target = context_.mesh->dialer().targets()[position];
  if (target.is_self) return context_.identity.public_key;
  const mesh::Session* session =
      target.peer.is_zero() ? nullptr : context_.mesh->sessions().with(target.peer);
  if (session == nullptr) return std::nullopt;
  return session->peer->public_key;
}

/// The first of the founders, as many as an odd number allows: one more would survive no more losses. Only
/// when all founders are there.
std::vector<PublicKey> Founding::voters() const {
  std::vector<PublicKey> out;
  for (std::size_t i = 0; i < expected(); ++i) {
    const auto key = key_of(i);
    if (!key || std::find(out.begin(), out.end(), *key) != out.end()) return {};
    out.push_back(*key);
  }
  out.resize(std::min(out.size() - 1 + out.size() % 2, consensus::max_voters));
  std::sort(out.begin(), out.end());
  return out;
}

/// All founders are there, and say that they were told the same.
bool Founding::agreed() const {
  if (voters().empty()) return false;
  for (std::size_t i = 0; i < expected(); ++i) {
    const PublicKey key = key_of(i).value();
    const auto word = heard_.find(key);
    const bool agrees = word != heard_.end() && word->second.list == list_;
    if (!agrees && key != context_.identity.public_key) return false;
  }
  return true;
}

/// Who was told something else; empty when nobody was who has been heard.
std::string Founding::disagreement() const {
  for (std::size_t i = 0; i < expected(); ++i) {
    const auto key = key_of(i);
    const auto word = key ? heard_.find(*key) : heard_.end();
    if (word == heard_.end() || word->second.list == list_) continue;
    return context_.mesh->name_of(hash_id<NodeId>(key->view()));
  }
  return {};
}

// ---- what they say ----

void Founding::hear(const PublicKey& from, const wire::Founding& word, Time now) {
  if (context_.chain || expected() == 0) return;
  if (heard_.size() < most_heard || heard_.contains(from)) heard_.insert_or_assign(from, word);
  if (!word.proposal.empty()) consider(from, word.proposal, now);
}

/// Only the first proposes, and what all were told.
void Founding::consider(const PublicKey& from, const Bytes& proposal, Time now) {
  if (!may_sign(from)) return;
  const auto record = wire::open(proposal, ClusterId{});
  if (record && record->author == from && is_proposal(*record)) sign(proposal, now);
}

/// It is the first who proposes, all were told the same, and this founder has signed nothing else.
bool Founding::may_sign(const PublicKey& proposer) const {
  return takes_part() && key_of(0) == proposer && agreed() && signed_.empty();
}

bool Founding::is_proposal(const wire::Record& record) const {
  const auto* genesis = std::get_if<consensus::Genesis>(&record.body);
  if (genesis == nullptr || voters().empty()) return false;
  consensus::Genesis mine = wanted(context_.config);
  mine.voters = voters();
  mine.nonce = genesis->nonce;
  return mine == *genesis;
}

void Founding::propose(Time now) {
  consensus::Genesis genesis = wanted(context_.config);
  genesis.voters = voters();
  genesis.nonce = context_.rng.bytes<Nonce>();
  const Status valid = validate(genesis);
  if (!valid) return context_.raise("genesis", valid.error().text, now);
  sign(wire::seal(genesis, {}, context_.identity, ClusterId{}).envelope, now);
}

void Founding::sign(const Bytes& proposal, Time now) {
  signed_ = proposal;
  context_.persist(wire::FoundingEntry{proposal});
  say_at_ = now;
}

bool Founding::has_signed(const PublicKey& founder) const {
  if (founder == context_.identity.public_key) return !signed_.empty();
  const auto word = heard_.find(founder);
  return word != heard_.end() && word->second.proposal == signed_ &&
         verify(founder, consent(word->second.list, signed_), word->second.consent);
}

void Founding::say() {
  wire::Founding word{list_, signed_, {}};
  if (!signed_.empty()) word.consent = context_.identity.sign(consent(list_, signed_));
  for (std::size_t i = 0; i < expected(); ++i) {
    const auto key = key_of(i);
    if (key && *key != context_.identity.public_key) context_.mesh->tell(hash_id<NodeId>(key->view()), word);
  }
}

std::optional<wire::Record> Founding::tick(bool asked_around, Time now) {
  if (expected() == 0 || !takes_part()) return std::nullopt;
  if (position() == 0 && signed_.empty() && asked_around && agreed()) propose(now);
  if (say_at_ <= now) {
    say_at_ = now + say_again;
    say();
  }
  if (position() != 0 || signed_.empty()) return std::nullopt;
  for (std::size_t i = 0; i < expected(); ++i) {
    const auto key = key_of(i);
    if (!key || !has_signed(*key)) return std::nullopt;
  }
  auto founded = wire::open(signed_, ClusterId{});
  if (!founded) return std::nullopt;
  return std::move(*founded);
}

// ---- what comes of it ----

Status Founding::may_adopt(const wire::Record& genesis) const {
  if (signed_.empty() || genesis.envelope == signed_) return {};
  return fail(Errc::conflict,
              "there is a cluster " + wire::cluster_of(genesis).short_hex() +
                  ", but this host has signed the founding of another one, which may be there too; if it "
                  "never came about, remove the state directory of this host and start it again");
}

std::string Founding::waiting_for() const {
  if (!takes_part()) return {};
  const std::string goal = ", to found a cluster of " + std::to_string(expected()) + " together";
  if (const std::string other = disagreement(); !other.empty()) {
    return other +
           " to agree: it was started with another --join list, another --bootstrap-expect or other values "
           "to found with; give all founders the same" +
           goal;
  }
  std::string missing;
  for (std::size_t i = 0; i < expected(); ++i) {
    const auto key = key_of(i);
    const bool here = key && (*key == context_.identity.public_key || heard_.contains(*key));
    if (here && (signed_.empty() || has_signed(*key))) continue;
    const mesh::Target& target = context_.mesh->dialer().targets()[i];
    missing += (missing.empty() ? "" : ", ") + target.address.text();
    if (!target.error.empty()) missing += " (" + target.error + ")";
  }
  if (missing.empty()) return "an answer of the other --join targets" + goal;
  return (signed_.empty() ? "" : "the signature of ") + missing + goal;
}

}  // namespace overlay::node
