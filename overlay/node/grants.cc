// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/grants.h"

#include <algorithm>

#include "overlay/node/judge.h"
#include "overlay/node/named_blocks.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration chores_interval = 10s;
constexpr std::size_t most_coalesced = 64;  // at once, for each is a round of acknowledgements
constexpr std::size_t most_named = 5;       // holders of an exhausted pool

/// Of what is carried out once, whoever holds the seat then.
RequestId request_of(const Prefix& prefix, std::uint64_t decree) {
  return hash_id<RequestId>("overlay assignment v1 " + prefix.text() + " " + std::to_string(decree));
}

std::uint64_t first_of_generation(std::uint64_t term) {
  return consensus::generation_of(term) << consensus::generation_shift;
}

}  // namespace

// ---- granting ----

void Grants::hear(const Heard& heard, const wire::BlockRequest& request, Time now) {
  context_.answer(heard, grant(heard.from, request, now));
}

/// The record is on disk before the reply or the gossip leaves: it is in the output's persists.
wire::BlockReply Grants::grant(const NodeId& owner, const wire::BlockRequest& asked, Time now) {
  using Kind = wire::BlockReply::Kind;
  const RequestId& request = asked.request;
  const auto before = quorum_.claims().by_request(request);
  if (!before.empty()) {
    const wire::BlockReply reply = granted(request, before.front().prefix);
    if (!context_.lapsed || reply.kind == Kind::granted) return reply;  // else nobody pursues it any more
  }
  if (context_.lapsed || !context_.is_seated()) {
    return {request, Kind::refused, context_.config.name + " is no voter"};
  }
  if (!context_.votes) return {request, Kind::waiting, context_.config.name + " waits for its registration"};
  if (const auto removed = context_.chain->removed(owner)) {
    return {request, Kind::refused, "this node was removed by decree " + std::to_string(removed->index)};
  }
  if (context_.spaces(asked.family).empty()) {
    return {request, Kind::refused, "the cluster has no " + std::string(name(asked.family)) + " pool"};
  }
  if (takeover_.ready_seats().empty()) {
    return {request, Kind::waiting, context_.config.name + " waits for " + takeover_.waiting_for()};
  }
  assign(now);  // what a decree has given away is nobody else's
  const auto prefix = choose(owner, asked, now);
  if (!prefix) return {request, Kind::refused, prefix.error().text};
  if (is_claimed_by(owner, *prefix)) return granted(request, *prefix);  // named, and asked for anew
  quorum_.propose(
      {*prefix, {}, seat_of(context_, *prefix).value(), ipam::BlockState::owned, owner, request, {}}, now);
  return granted(request, *prefix);
}

bool Grants::is_claimed_by(const NodeId& owner, const Prefix& prefix) const {
  const ipam::BlockRecord* held = quorum_.claims().find(prefix);
  return held != nullptr && held->state == ipam::BlockState::owned && held->owner == owner;
}

wire::BlockReply Grants::granted(const RequestId& request, const Prefix& prefix) const {
  using Kind = wire::BlockReply::Kind;
  const std::string wait = quorum_.waiting_for(prefix);
  return {request, wait.empty() ? Kind::granted : Kind::waiting, wait};
}

Result<Prefix> Grants::choose(const NodeId& owner, const wire::BlockRequest& asked, Time now) const {
  if (context_.names_blocks()) return check_named(owner, asked);
  if (asked.named) return fail(Errc::invalid, "the voters of this cluster choose its blocks themselves");
  if (const auto any = choose_any(asked.family, now)) return *any;
  return fail(Errc::exhausted, exhausted(asked.family, now));
}

/// Nothing is held back after a recovery: what the lost voters may have granted they granted to the same
/// Node.
Result<Prefix> Grants::check_named(const NodeId& owner, const wire::BlockRequest& asked) const {
  if (!asked.named) {
    return fail(Errc::invalid,
                "the blocks of this cluster are the podCIDRs of Kubernetes Nodes; it must be named");
  }
  OVERLAY_CHECK(check_is_block(context_, *asked.named));
  const auto seats = takeover_.ready_seats();
  if (!std::binary_search(seats.begin(), seats.end(), seat_of(context_, *asked.named).value())) {
    return fail(Errc::unavailable,
                context_.config.name + " does not grant from where " + asked.named->text() + " lies");
  }
  OVERLAY_CHECK(check_is_free(context_, quorum_.claims(), owner, *asked.named));
  return *asked.named;
}

std::optional<Prefix> Grants::choose_any(Family family, Time now) const {
  ipam::Choice choice;
  choice.never_used = !holds_back();
  choice.may_reuse = [&](const ipam::BlockRecord& block) {
    if (context_.is_forked(block.prefix)) return false;
    if (block.state == ipam::BlockState::quarantine) return is_rested(block, now);
    return !holds_back() || block.epoch.term >= first_of_generation(context_.chain->term());
  };
  return ipam::choose_block(quorum_.claims(), context_.spaces(family), takeover_.ready_seats(), choice);
}

bool Grants::is_rested(const ipam::BlockRecord& block, Time now) const {
  const Time since = context_.at_rest.try_emplace(block.prefix, now).first->second;
  return since + context_.config.quarantine <= now;
}

/// Nothing is left: why, and who has it.
std::string Grants::exhausted(Family family, Time now) const {
  std::map<NodeId, std::size_t> held;
  std::size_t total = 0;
  for (const auto& [prefix, block] : context_.blocks.all()) {
    if (prefix.family() != family || block.state != ipam::BlockState::owned) continue;
    ++held[block.owner];
    ++total;
  }
  std::string holders;
  std::size_t named = 0;
  for (const auto& [node, count] : held) {
    if (++named > most_named) break;
    holders += (holders.empty() ? "" : ", ") + context_.mesh->name_of(node) + " " + std::to_string(count);
    if (node != context_.id && !context_.mesh->reaches(node)) holders += " (unreachable)";
  }
  if (held.size() > most_named) holders += " and " + std::to_string(held.size() - most_named) + " more";
  const std::string owned = std::to_string(total) + " are owned, by " + holders;
  if (holds_back()) {
    const Duration left = *recovered_at_ + context_.config.quarantine - now;
    return "the cluster was recovered, and what was free then is held back for " +
           std::to_string(left / 1min + 1) +
           " min more, for the voters that were lost may have granted it: " + owned;
  }
  return "no free " + std::string(name(family)) + " block is left in the pool: " + owned +
         "; 'overlayctl ipam extend' adds a pool";
}

// ---- taking back ----

void Grants::hear(const Heard& heard, const wire::Return& given, Time now) {
  const auto statement = wire::open_statement(given.release, wire::everybody, context_.chain->cluster());
  const auto* release = statement ? std::get_if<wire::Release>(&statement->body) : nullptr;
  if (release == nullptr || statement->from() != heard.from) return;
  const ipam::BlockRecord* held = quorum_.claims().find(release->prefix);
  if (held == nullptr || held->state != ipam::BlockState::owned || held->epoch != release->epoch ||
      context_.chain->successor(held->owner) != heard.from || !holds(*held) ||
      context_.is_forked(held->prefix)) {
    return;
  }
  quorum_.propose({held->prefix, {}, held->seat, ipam::BlockState::free, {}, {}, given.release}, now);
}

bool Grants::holds(const ipam::BlockRecord& block) const {
  const auto seats = takeover_.ready_seats();
  return std::binary_search(seats.begin(), seats.end(), block.seat);
}

/// What removed nodes owned and nobody inherits goes back to its seat. Looked at from time to time: a record
/// that names a removed node may come late.
void Grants::reclaim(Time now) {
  for (const auto& [node, removal] : context_.chain->all_removed()) {
    if (context_.chain->successor(node)) continue;
    for (const ipam::BlockRecord& block : quorum_.claims().owned_by(node)) {
      if (!holds(block) || context_.is_forked(block.prefix)) continue;
      quorum_.propose({block.prefix, {}, block.seat, ipam::BlockState::quarantine, {}, {}, {}}, now);
    }
  }
}

// ---- what decrees assign ----

/// The decree says whose it is; the seat's record makes it so, like any other.
void Grants::assign(Time now) {
  for (const auto& [prefix, to] : context_.chain->assigned()) assign(prefix, to, now);
}

void Grants::assign(const Prefix& prefix, const consensus::Chain::Assigned& to, Time now) {
  const ipam::BlockRecord block{prefix,
                                {},
                                seat_of(context_, prefix).value_or(0),
                                ipam::BlockState::owned,
                                to.owner,
                                request_of(prefix, to.index),
                                {}};
  if (!holds(block) || context_.chain->removed(to.owner)) return;
  for (const ipam::BlockRecord& held : quorum_.claims().overlapping(prefix)) {
    // Carried out before, whatever became of it since.
    if (held.epoch.term >= to.index) return;
    const bool other = held.state == ipam::BlockState::owned && held.owner != to.owner;
    if (other && !context_.is_forked(held.prefix)) return;
  }
  quorum_.propose(block, now);
}

// ---- halves ----

/// Two returned halves become one record, which is a change like any other and has a number of its own. They
/// have rested by then, so nothing is lost of the order in which what was returned is given out again.
void Grants::coalesce(Time now) {
  std::vector<ipam::BlockRecord> wholes;
  for (const auto& [prefix, low] : quorum_.claims().all()) {
    if (low.state != ipam::BlockState::free || prefix.length() == 0) continue;
    const Prefix whole = Prefix::around(prefix.address(), prefix.length() - 1);
    const Prefix high = whole.nth(prefix.length(), 1);
    if (high == prefix || seat_of(context_, whole) != low.seat || !is_idle(prefix, now) ||
        !is_idle(high, now)) {
      continue;
    }
    wholes.push_back({whole, {}, low.seat, ipam::BlockState::free, {}, {}, {}});
    if (wholes.size() >= most_coalesced) break;
  }
  for (const ipam::BlockRecord& whole : wholes) quorum_.propose(whole, now);
}

/// It was returned as a whole, for good and long ago.
bool Grants::is_idle(const Prefix& prefix, Time now) {
  const ipam::BlockRecord* in_force = context_.blocks.find(prefix);
  if (in_force == nullptr || in_force->state != ipam::BlockState::free || !holds(*in_force)) return false;
  const auto held = quorum_.claims().overlapping(prefix);
  const bool whole = held.back() == *in_force;  // the smallest of those around it, and nothing in it
  return whole && is_rested(*in_force, now) && !context_.is_forked(prefix);
}

// ---- after a recovery ----

/// What the lost voters granted and nobody has heard of is owned by somebody all the same. Whoever is heard
/// of in time keeps it: until then nothing is granted but what was returned since.
void Grants::watch_recovery(Time now) {
  const std::uint64_t generation = consensus::generation_of(context_.chain->term());
  if (generation <= released_ || !context_.is_voter()) {
    recovered_at_.reset();
    return;
  }
  if (!recovered_at_) recovered_at_ = now;
  if (now < *recovered_at_ + context_.config.quarantine) return;
  released_ = generation;
  recovered_at_.reset();
  context_.persist(wire::RecoveryOverEntry{generation});
}

bool Grants::holds_back() const { return recovered_at_.has_value(); }

// ---- time ----

void Grants::tick(Time now) {
  if (!context_.chain) return;
  watch_recovery(now);
  const bool is_news = std::exchange(term_, context_.chain->term()) != context_.chain->term();
  if (!context_.is_voter() || (now < chores_due_ && !is_news)) return;
  chores_due_ = now + chores_interval;
  std::erase_if(context_.at_rest, [&](const auto& entry) {
    const ipam::BlockRecord* block = context_.blocks.find(entry.first);
    return block == nullptr || block->state == ipam::BlockState::owned;
  });
  reclaim(now);
  assign(now);
  coalesce(now);
}

Time Grants::next_deadline() const {
  if (!context_.is_voter()) return Time::max();
  const bool has_chores = !context_.chain->all_removed().empty() || !context_.chain->assigned().empty() ||
                          !context_.at_rest.empty();
  const Time chores = has_chores ? chores_due_ : Time::max();
  return recovered_at_ ? std::min(chores, *recovered_at_ + context_.config.quarantine) : chores;
}

}  // namespace overlay::node
