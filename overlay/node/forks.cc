// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/forks.h"

#include "overlay/node/judge.h"

namespace overlay::node {
namespace {

/// A voter that lies could sign forks without end.
constexpr std::size_t max_forks = 1024;

std::string whose(const Context& context, const ipam::BlockRecord& block) {
  if (block.state != ipam::BlockState::owned) return "free";
  return "owned by " + context.mesh->name_of(block.owner);
}

}  // namespace

void Forks::report(const Bytes& one, const Bytes& other, Time now) {
  auto fork = wire::make_fork(one, other);
  if (!fork || context_.forks.size() >= max_forks) return;
  const wire::Record record = wire::seal(*std::move(fork), {}, context_.identity, context_.chain->cluster());
  if (context_.forks.contains(record.key)) return;
  context_.mesh->publish(record, now);
  apply(record);
}

void Forks::apply(const wire::Record& record) {
  context_.persist(wire::RecordEntry{record.envelope});
  keep(record);
  const auto& fork = std::get<wire::ForkRecord>(record.body);
  context_.say({Event::Level::error, "fork", fork.prefix().text(), whose(context_, fork.first),
                whose(context_, fork.second), describe(fork)});
}

void Forks::keep(const wire::Record& record) {
  context_.forks.insert_or_assign(record.key, std::get<wire::ForkRecord>(record.body));
}

std::string Forks::describe(const wire::ForkRecord& fork) const {
  const auto signer = context_.chain->holder(fork.first.seat, fork.first.epoch.term);
  const std::string who = signer ? context_.mesh->name_of(hash_id<NodeId>(signer->view())) : "a voter";
  return fork.prefix().text() + " is " + whose(context_, fork.first) + " by one record of epoch " +
         fork.first.epoch.text() + " and " + whose(context_, fork.second) + " by another: " + who +
         ", which signed both, was rolled back or runs twice; nothing new is leased there until 'overlayctl "
         "ipam "
         "assign " +
         fork.prefix().text() + " NODE' settles whose it is";
}

void Forks::tick(Time now) {
  std::set<std::string> unsettled;
  for (const auto& [key, fork] : context_.forks) {
    if (!context_.is_forked(fork.prefix())) continue;
    const std::string name = "fork-" + fork.prefix().text();
    context_.raise(name, describe(fork), now);
    unsettled.insert(name);
  }
  for (const std::string& name : alarms_) {
    if (!unsettled.contains(name)) context_.clear(name);
  }
  alarms_ = std::move(unsettled);
}

Status judge(const Context& context, const wire::ForkRecord& fork) {
  for (const Bytes* envelope : {&fork.one, &fork.other}) {
    OVERLAY_TRY(const wire::Record record, wire::open(*envelope, context.chain->cluster()));
    OVERLAY_CHECK(judge(context, record));
  }
  return {};
}

}  // namespace overlay::node
