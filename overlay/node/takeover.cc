// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/takeover.h"

#include <algorithm>

#include "overlay/node/electorate.h"
#include "overlay/node/judge.h"

namespace overlay::node {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_copy_ask = 200ms;
constexpr Duration last_copy_ask = 5s;
constexpr std::size_t page_bytes = 64 * 1024;  // of records in one answer

}  // namespace

// ---- as the new holder ----

std::vector<std::uint32_t> Takeover::ready_seats() const {
  auto seats = context_.chain->seats_of(context_.identity.public_key);
  std::erase_if(seats, [&](std::uint32_t seat) {
    const consensus::Decree* since = held_since(seat);
    const auto done = done_.find(seat);
    return since != nullptr && (done == done_.end() || done->second != since->index);
  });
  return seats;
}

std::string Takeover::waiting_for() const {
  if (copies_.empty()) return {};
  std::string missing;
  for (const auto& [voter, source] : copies_.begin()->second.sources) {
    if (!source.done) missing += (missing.empty() ? "" : ", ") + context_.mesh->name_of(voter);
  }
  return "what the voters before it have acknowledged; not yet from " + missing;
}

bool Takeover::learns_from(const NodeId& voter) const {
  const auto ready = ready_seats();
  const auto seats = context_.chain->seats_of(context_.identity.public_key);
  return std::any_of(seats.begin(), seats.end(), [&](std::uint32_t seat) {
    if (std::binary_search(ready.begin(), ready.end(), seat)) return false;
    const auto before = ids_of(context_.chain->voters(held_since(seat)->follows));
    if (std::find(before.begin(), before.end(), voter) == before.end()) return false;
    const auto copy = copies_.find(seat);
    return copy == copies_.end() || !copy->second.sources.contains(voter) ||
           !copy->second.sources.at(voter).done;
  });
}

/// The decree since which this node has held the seat without a break; null: since genesis.
const consensus::Decree* Takeover::held_since(std::uint32_t seat) const {
  const auto& decrees = context_.chain->decrees();
  for (auto decree = decrees.rbegin(); decree != decrees.rend(); ++decree) {
    if (context_.chain->holder(seat, decree->follows) != context_.identity.public_key) return &*decree;
  }
  return nullptr;
}

void Takeover::tick(Time now) {
  if (!context_.chain || is_muted()) return;
  if (term_ != context_.chain->term()) follow(now);
  if (ask_at_ > now) return;
  step_ = step_ == Duration{} ? first_copy_ask : std::min(2 * step_, last_copy_ask);
  ask_at_ = copies_.empty() ? Time::max() : now + context_.rng.between(step_ / 2, step_);
  for (const auto& [seat, copy] : copies_) ask(seat, copy);
}

/// The first look at a decree, after a start or when it arrived.
void Takeover::follow(Time now) {
  term_ = context_.chain->term();
  quorum_.forget_proposals();
  copies_.clear();
  const auto ready = ready_seats();
  for (const std::uint32_t seat : context_.chain->seats_of(context_.identity.public_key)) {
    if (std::binary_search(ready.begin(), ready.end(), seat)) {
      quorum_.resume(seat, now);
    } else {
      begin(seat, *held_since(seat), now);
    }
  }
}

/// Nobody can be asked for what the voters before a recovery knew: the recovery has settled it.
void Takeover::begin(std::uint32_t seat, const consensus::Decree& since, Time now) {
  Copy copy{since.index, {}};
  for (const PublicKey& voter : context_.chain->voters(since.follows)) {
    const NodeId node = hash_id<NodeId>(voter.view());
    copy.sources[node].done = node == context_.id || since.is_recovery();
  }
  copies_[seat] = std::move(copy);
  step_ = {};
  ask_at_ = now;
  finish_if_known(seat, now);
}

void Takeover::ask(std::uint32_t seat, const Copy& copy) {
  for (const auto& [voter, source] : copy.sources) {
    if (!source.done) context_.tell(voter, wire::CopyRequest{copy.term, seat, source.after});
  }
}

void Takeover::hear(const Heard& heard, const wire::CopyReply& reply, Time now) {
  if (term_ != context_.chain->term()) return;  // it may not hold the seat any more
  const auto copy = copies_.find(reply.seat);
  if (copy == copies_.end() || copy->second.term != reply.term) return;
  const auto source = copy->second.sources.find(heard.from);
  if (source == copy->second.sources.end() || source->second.done || source->second.after != reply.after)
    return;
  for (const Bytes& envelope : reply.envelopes) {
    auto record = wire::open(envelope, context_.chain->cluster());
    if (!record || !judge(context_, *record)) return;
    const auto* block = std::get_if<ipam::BlockRecord>(&record->body);
    if (block == nullptr || seat_of(context_, block->prefix) != reply.seat) return;
    source->second.after = block->prefix;
    quorum_.keep(std::move(*record));
  }
  source->second.done = !reply.more;
  if (reply.more) {
    context_.tell(heard.from, wire::CopyRequest{reply.term, reply.seat, source->second.after});
  } else {
    finish_if_known(reply.seat, now);
  }
}

void Takeover::finish_if_known(std::uint32_t seat, Time now) {
  const Copy& copy = copies_.at(seat);
  const auto told = std::count_if(copy.sources.begin(), copy.sources.end(),
                                  [](const auto& source) { return source.second.done; });
  if (2 * static_cast<std::size_t>(told) <= copy.sources.size()) return;
  done_[seat] = copy.term;
  context_.persist(wire::TakeoverEntry{seat, copy.term});
  copies_.erase(seat);
  quorum_.resume(seat, now);
}

// ---- as a voter of the decree before ----

void Takeover::hear(const Heard& heard, const wire::CopyRequest& request) {
  if (context_.chain->term() < request.term) return;  // it may still acknowledge something older
  wire::CopyReply reply{request.term, request.seat, request.after, {}, false};
  const auto& records = quorum_.claims().all();
  std::size_t bytes = 0;
  for (auto at = request.after ? records.upper_bound(*request.after) : records.begin(); at != records.end();
       ++at) {
    if (seat_of(context_, at->first) != request.seat) continue;
    const Bytes* envelope = quorum_.envelope_of(at->first);
    if (envelope == nullptr) continue;
    if (bytes + envelope->size() > page_bytes) {
      reply.more = true;
      break;
    }
    bytes += envelope->size();
    reply.envelopes.push_back(*envelope);
  }
  context_.answer(heard, reply);
}

}  // namespace overlay::node
